import DrillModel
import Foundation

/// Reads from a data directory who may log in as a superuser, since nobody says what the first one is called.
///
/// The layout is that of PostgreSQL 12 to 17: relmapper.c for the map, bufpage.h and htup_details.h for pages and rows, pg_authid.h for the
/// columns. What is found is tried, never believed.
enum SuperuserNames {
  /// Names of superusers that may log in, the first user of the cluster before others; at most 50.
  static func candidates(in data: String) -> [String] {
    guard let file = table(in: data), let handle = FileHandle(forReadingAtPath: file) else { return ["postgres"] }
    defer { try? handle.close() }
    var found: [(oid: UInt32, name: String)] = []
    while let page = try? handle.read(upToCount: 8192), page.count == 8192 { found += rows(of: [UInt8](page)) }
    let names = found.sorted { $0.oid < $1.oid }.map(\.name)
    var seen: Set<String> = []
    return (names + ["postgres"]).filter { seen.insert($0).inserted }.prefix(50).map { $0 }
  }

  /// The file of pg_authid, from the map of shared relations.
  private static func table(in data: String) -> String? {
    let path = "\(data)/global/pg_filenode.map"
    guard let map = FileManager.default.contents(atPath: path), map.count >= 512 else { return nil }
    func number(_ offset: Int) -> UInt32 { map.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self) } }
    guard number(0) == 0x592717 else { return nil }
    for index in 0..<Int(min(number(4), 62)) where number(8 + index * 8) == 1260 { return "\(data)/global/\(number(12 + index * 8))" }
    return nil
  }

  private static func rows(of page: [UInt8]) -> [(oid: UInt32, name: String)] {
    func short(_ offset: Int) -> Int { Int(page[offset]) | Int(page[offset + 1]) << 8 }
    let lower = short(12)
    guard lower >= 24, lower <= page.count else { return [] }
    var found: [(UInt32, String)] = []
    for pointer in stride(from: 24, to: lower - 3, by: 4) {
      let item = page[pointer..<pointer + 4].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      let (offset, flags, length) = (Int(item & 0x7FFF), item >> 15 & 3, Int(item >> 17))
      // LP_NORMAL; a row's header is at least 23 bytes, and the columns up to rolcanlogin take 73.
      guard flags == 1, offset + length <= page.count, length > 23 else { continue }
      let start = Int(page[offset + 22])
      guard start >= 24, start + 73 <= length else { continue }
      let columns = Array(page[offset + start..<offset + start + 73])
      let oid = columns[0..<4].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      guard columns[68] == 1, columns[72] == 1, let name = String(validating: columns[4..<68].prefix { $0 != 0 }, as: UTF8.self),
        !name.isEmpty
      else { continue }
      found.append((oid, name))
    }
    return found
  }
}
