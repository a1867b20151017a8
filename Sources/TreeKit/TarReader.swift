package import DrillModel
internal import Manifests

/// One member of a tar archive, with what extended headers say about it.
package struct TarMember: Sendable {
  package enum Kind: Sendable, Hashable {
    case file, directory, link, hardLink
    /// Named for people.
    case special(String)
  }

  package var name: [UInt8]
  package var kind: Kind
  package var mode: UInt32
  package var uid: Int64
  package var gid: Int64
  package var seconds: Int64
  package var nanoseconds: Int64
  /// Bytes that follow in the archive.
  package var stored: Int64
  /// Bytes of the file once restored.
  package var size: Int64
  /// Where the stored bytes belong in a file with holes; nil for a file without.
  package var extents: [Extent]?
  package var target: [UInt8]

  /// A run of stored bytes and its place in the file.
  package struct Extent: Sendable, Hashable {
    package var offset: Int64
    package var length: Int64

    package init(offset: Int64, length: Int64) {
      self.offset = offset
      self.length = length
    }
  }
}

/// Reads a tar archive member by member (sources: see `TarHeader`; GNU tar manual, "Storing Sparse Files").
///
/// Belongs to one thread. Between two members the caller takes exactly the stored bytes of the first.
package final class TarReader {
  private static let longestExtension: Int64 = 16 << 20
  private static let mostExtents = 1_000_000

  /// Where it reads.
  package let input: ArchiveInput
  private var globals: [String: [UInt8]] = [:]
  private var padding: Int64 = 0
  private var last: [UInt8] = []
  /// Whether extended attributes were met, which are passed over.
  package private(set) var hasAttributes = false
  /// Bytes that are not zero behind the archive's end.
  package private(set) var trailing: Int64 = 0

  package init(_ input: ArchiveInput) { self.input = input }

  /// The next member; nil at the archive's end mark, behind which everything has then been read.
  ///
  /// - Throws: `Fault` with code `backup_truncated`, `backup_damaged` or `restore_failed`.
  package func next() throws -> TarMember? {
    try skipPadding()
    var extended: [(key: String, value: [UInt8])] = []
    var longName: [UInt8]?
    var longLink: [UInt8]?
    while true {
      let start = input.offset
      guard let header = try header() else { return nil }
      switch header.type {
      case UInt8(ascii: "x"), UInt8(ascii: "X"): extended += try records(header, start)
      case UInt8(ascii: "g"): for record in try records(header, start) { globals[record.key] = record.value }
      case UInt8(ascii: "L"): longName = try text(header)
      case UInt8(ascii: "K"): longLink = try text(header)
      case UInt8(ascii: "V"):
        padding = Self.roundedUp(header.size) - header.size
        try skip(header.size)
        try skipPadding()
      default:
        var member = try member(header, extended, start)
        if let longName { member.name = longName }
        if let longLink { member.target = longLink }
        if member.name.last == UInt8(ascii: "/"), member.kind == .file, header.type == 0 || header.type == UInt8(ascii: "0") {
          member.kind = .directory
        }
        last = member.name
        padding = Self.roundedUp(member.stored) - member.stored
        return member
      }
    }
  }

  /// Names where the archive stands, for messages.
  private var place: String { last.isEmpty ? "at its start" : "after \(Manifest.escaped(last).prefix(200))" }

  /// The fault for an archive that ends here and should not.
  package func truncated() -> Fault {
    Fault(
      .backupTruncated, "the archive is cut: it ends at byte \(input.offset), \(place)",
      advice: "Look at the job that writes it, and at the space it writes to")
  }

  private func damaged(_ what: String, _ offset: Int64) -> Fault {
    Fault(.backupDamaged, "the archive is damaged at byte \(offset), \(place): \(what)", advice: "Look at the storage it lay on")
  }

  /// Nil at the end mark: two blocks of zeros, or one and then nothing.
  private func header() throws -> TarHeader? {
    let offset = input.offset
    let block = try input.exactly(TarHeader.blockSize)
    guard block.count == TarHeader.blockSize else { throw truncated() }
    if block.allSatisfy({ $0 == 0 }) {
      let second = try input.exactly(TarHeader.blockSize)
      guard second.allSatisfy({ $0 == 0 }) else { throw damaged("a header is all zeros", offset) }
      try drain()
      return nil
    }
    guard TarHeader.isWhole(block) else { throw damaged("a header's checksum is wrong", offset) }
    guard let header = TarHeader(block) else { throw damaged("a header holds no numbers where they belong", offset) }
    return header
  }

  private func drain() throws {
    while true {
      let part = try input.some(limit: .max)
      if part.isEmpty { return }
      if part.contains(where: { $0 != 0 }) { trailing += Int64(part.count) }
    }
  }

  private func skip(_ count: Int64) throws {
    guard try input.pass(count, to: { _ in }) else { throw truncated() }
  }

  private func skipPadding() throws {
    let count = padding
    padding = 0
    try skip(count)
  }

  private static func roundedUp(_ size: Int64) -> Int64 {
    let rest = size % Int64(TarHeader.blockSize)
    return rest == 0 ? size : size &+ (Int64(TarHeader.blockSize) - rest)
  }

  // MARK: Extended headers

  private func content(_ header: TarHeader) throws -> [UInt8] {
    guard header.size <= Self.longestExtension else {
      throw Fault(.unsafeContent, "the archive has an extended header of \(header.size) bytes, \(place)")
    }
    let bytes = try input.exactly(Int(header.size))
    guard bytes.count == Int(header.size) else { throw truncated() }
    try skip(Self.roundedUp(header.size) - header.size)
    return bytes
  }

  private func text(_ header: TarHeader) throws -> [UInt8] { Array(try content(header).prefix { $0 != 0 }) }

  /// `LENGTH KEY=VALUE\n`, the length counting the whole record.
  private func records(_ header: TarHeader, _ offset: Int64) throws -> [(key: String, value: [UInt8])] {
    var rest = try content(header)[...]
    var result: [(key: String, value: [UInt8])] = []
    while !rest.isEmpty, rest.first != 0 {
      guard let space = rest.firstIndex(of: 32), let length = Int(String(decoding: rest[..<space], as: UTF8.self)), length <= rest.count,
        length > space - rest.startIndex + 2, rest[rest.startIndex + length - 1] == 10
      else { throw damaged("an extended header is malformed", offset) }
      let record = rest[(space + 1)..<(rest.startIndex + length - 1)]
      rest = rest.dropFirst(length)
      guard let equals = record.firstIndex(of: UInt8(ascii: "=")) else { throw damaged("an extended header is malformed", offset) }
      let key = String(decoding: record[..<equals], as: UTF8.self)
      if key.hasPrefix("SCHILY.") || key.hasPrefix("LIBARCHIVE.") {
        hasAttributes = true
      } else {
        result.append((key, Array(record[(equals + 1)...])))
      }
    }
    return result
  }

  // MARK: Members

  private func member(_ header: TarHeader, _ extended: [(key: String, value: [UInt8])], _ offset: Int64) throws -> TarMember {
    var values = globals
    for record in extended { values[record.key] = record.value }
    func number(_ key: String) throws -> Int64? {
      guard let value = values[key] else { return nil }
      guard let number = Int64(String(decoding: value, as: UTF8.self)) else { throw damaged("\(key) is no number", offset) }
      return number
    }
    let size = try number("size") ?? header.size
    guard size >= 0, size < Int64.max - 1024 else { throw damaged("a size is impossible", offset) }
    var member = TarMember(
      name: values["path"] ?? header.name, kind: try kind(header), mode: header.mode, uid: try number("uid") ?? header.uid,
      gid: try number("gid") ?? header.gid, seconds: header.seconds, nanoseconds: 0, stored: size, size: size,
      target: values["linkpath"] ?? header.link)
    if let time = values["mtime"] {
      guard let moment = Self.moment(time) else { throw damaged("mtime is no time", offset) }
      (member.seconds, member.nanoseconds) = moment
    }
    try readSparseness(&member, header, extended, values, offset)
    // Only files carry bytes; a link's size field is that of what it points to, except in pax where it may carry them.
    let carries = member.kind == .file || header.type == UInt8(ascii: "D")
    if !carries {
      if member.kind == .hardLink, size > 0, values["size"] != nil || !extended.isEmpty {
        throw Fault(.restoreFailed, "the hard link \(Manifest.escaped(member.name)) carries bytes, which is not supported")
      }
      member.stored = 0
    }
    return member
  }

  private func kind(_ header: TarHeader) throws -> TarMember.Kind {
    switch header.type {
    case 0, UInt8(ascii: "0"), UInt8(ascii: "7"), UInt8(ascii: "S"): return .file
    case UInt8(ascii: "1"): return .hardLink
    case UInt8(ascii: "2"): return .link
    case UInt8(ascii: "3"): return .special("character device")
    case UInt8(ascii: "4"): return .special("block device")
    case UInt8(ascii: "5"), UInt8(ascii: "D"): return .directory
    case UInt8(ascii: "6"): return .special("FIFO")
    case UInt8(ascii: "M"):
      throw Fault(.restoreFailed, "the archive is one volume of several: \(Manifest.escaped(header.name)) continues from another file")
    default:
      let name = Manifest.escaped([header.type])
      throw Fault(.restoreFailed, "the archive holds an entry of the unknown type \(name): \(Manifest.escaped(header.name).prefix(200))")
    }
  }

  /// `1764237600.123456789`; digits beyond nanoseconds are cut off.
  private static func moment(_ text: [UInt8]) -> (Int64, Int64)? {
    let parts = String(decoding: text, as: UTF8.self).split(separator: ".", omittingEmptySubsequences: false)
    guard let whole = parts.first, parts.count <= 2, let seconds = Int64(whole) else { return nil }
    guard parts.count == 2 else { return (seconds, 0) }
    let digits = parts[1].prefix(9)
    guard let fraction = digits.isEmpty ? 0 : Int64(digits) else { return nil }
    let nanoseconds = (0..<(9 - digits.count)).reduce(fraction) { value, _ in value * 10 }
    return whole.hasPrefix("-") && nanoseconds > 0 ? (seconds - 1, 1_000_000_000 - nanoseconds) : (seconds, nanoseconds)
  }

  // MARK: Files with holes

  private func readSparseness(
    _ member: inout TarMember, _ header: TarHeader, _ extended: [(key: String, value: [UInt8])], _ values: [String: [UInt8]],
    _ offset: Int64
  ) throws {
    func text(_ key: String) -> String? { values[key].map { String(decoding: $0, as: UTF8.self) } }
    var numbers: [Int64]
    if header.type == UInt8(ascii: "S") {
      numbers = try oldMap(header, offset)
      guard let real = TarHeader.number(Array(header.block[483..<495])) else { throw damaged("a sparse file has no size", offset) }
      member.size = real
    } else if text("GNU.sparse.major") == "1" {
      numbers = try mapBeforeData(&member, offset)
      guard let real = text("GNU.sparse.realsize").flatMap({ Int64($0) }) else { throw damaged("a sparse file has no size", offset) }
      member.size = real
    } else if let size = text("GNU.sparse.size") {
      let listed = text("GNU.sparse.map")?.split(separator: ",").map { Int64($0) ?? -1 }
      let pairs = extended.filter { $0.key == "GNU.sparse.offset" || $0.key == "GNU.sparse.numbytes" }
      numbers = listed ?? pairs.map { Int64(String(decoding: $0.value, as: UTF8.self)) ?? -1 }
      member.size = Int64(size) ?? -1
    } else {
      return
    }
    if let name = values["GNU.sparse.name"] { member.name = name }
    member.extents = try extents(numbers, member, offset)
  }

  /// The map of GNU's old format: four pairs in the header, further ones in blocks behind it.
  private func oldMap(_ header: TarHeader, _ offset: Int64) throws -> [Int64] {
    var numbers: [Int64] = []
    func take(_ block: [UInt8], _ start: Int, _ pairs: Int) throws {
      for field in 0..<pairs * 2 {
        let bytes = Array(block[start + field * 12..<start + field * 12 + 12])
        if bytes[0] == 0 { return }
        guard let number = TarHeader.number(bytes) else { throw damaged("a sparse map is malformed", offset) }
        numbers.append(number)
      }
    }
    try take(header.block, 386, 4)
    var continues = header.block[482] != 0
    while continues {
      let block = try input.exactly(TarHeader.blockSize)
      guard block.count == TarHeader.blockSize else { throw truncated() }
      try take(block, 0, 21)
      continues = block[504] != 0
      guard numbers.count <= Self.mostExtents * 2 else { throw Fault(.unsafeContent, "the archive holds a file with over a million holes") }
    }
    return numbers
  }

  /// The map of pax format 1.0: decimal lines before the data, filled up to whole blocks.
  private func mapBeforeData(_ member: inout TarMember, _ offset: Int64) throws -> [Int64] {
    var numbers: [Int64] = []
    var wanted = 1
    var digits: [UInt8] = []
    while numbers.count < wanted {
      guard member.stored >= 512 else { throw damaged("a sparse map is malformed", offset) }
      let block = try input.exactly(TarHeader.blockSize)
      guard block.count == TarHeader.blockSize else { throw truncated() }
      member.stored -= Int64(block.count)
      for byte in block where numbers.count < wanted {
        guard byte == 10 else {
          digits.append(byte)
          continue
        }
        guard digits.count <= 20, let number = Int64(String(decoding: digits, as: UTF8.self)), number >= 0 else {
          throw damaged("a sparse map is malformed", offset)
        }
        numbers.append(number)
        digits = []
        if numbers.count == 1 {
          guard number <= Self.mostExtents else { throw Fault(.unsafeContent, "the archive holds a file with over a million holes") }
          wanted = 1 + Int(number) * 2
        }
      }
    }
    return Array(numbers.dropFirst())
  }

  private func extents(_ numbers: [Int64], _ member: TarMember, _ offset: Int64) throws -> [TarMember.Extent] {
    guard numbers.count % 2 == 0, numbers.count <= Self.mostExtents * 2 else { throw damaged("a sparse map is malformed", offset) }
    var extents: [TarMember.Extent] = []
    var end: Int64 = 0
    var total: Int64 = 0
    for index in stride(from: 0, to: numbers.count, by: 2) {
      let (start, length) = (numbers[index], numbers[index + 1])
      guard start >= end, length >= 0, start <= member.size, length <= member.size - start else {
        throw damaged("a sparse map is impossible", offset)
      }
      end = start + length
      total += length
      extents.append(TarMember.Extent(offset: start, length: length))
    }
    guard total == member.stored else { throw damaged("a sparse map does not fit its data", offset) }
    return extents
  }
}
