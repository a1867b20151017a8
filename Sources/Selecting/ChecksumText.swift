/// The SHA-256 that a file or object beside a backup gives for it.
///
/// Understood are `sha256sum`'s lines (`hex  name`, `hex *name`, and with a leading `\` for escaped names), BSD's and OpenSSL's
/// (`SHA256 (name) = hex`, `SHA2-256(name)= hex`), and a bare digest. A single digest counts whatever name stands beside it, because
/// backups are often renamed after their checksum was taken; of several the one for the backup's name counts.
package enum ChecksumText: Sendable, Hashable {
  case none
  /// 64 hexadecimal digits in lower case.
  case sha256(String)
  /// A sentence without its full stop.
  case unusable(String)

  /// What such files add to a backup's name.
  package static let suffixes = [".sha256", ".sha256sum"]
  /// Bytes that one can have.
  package static let byteLimit = 65_536

  /// Reads the bytes of `file`, which lies beside `name`.
  package static func parse(_ bytes: [UInt8], for name: String, file: String) -> ChecksumText {
    if bytes.count > byteLimit { return .unusable("its checksum file \(file) is larger than a checksum file can be") }
    let text = String(decoding: bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes, as: UTF8.self)
    var entries: [(digest: String, name: String?)] = []
    for line in text.split(whereSeparator: \.isNewline) where !line.allSatisfy(\.isWhitespace) {
      guard let entry = entry(line) else { return .unusable("its checksum file \(file) has a line that is no SHA-256 checksum") }
      entries.append(entry)
    }
    guard let first = entries.first else { return .unusable("its checksum file \(file) is empty") }
    if entries.count == 1 { return .sha256(first.digest) }
    let own = entries.filter { entry in entry.name.map { baseName($0) == baseName(name) } ?? false }
    guard let found = own.first else { return .unusable("its checksum file \(file) has several lines and none for it") }
    guard own.allSatisfy({ $0.digest == found.digest }) else {
      return .unusable("its checksum file \(file) gives two different checksums for it")
    }
    return .sha256(found.digest)
  }

  private static func entry(_ line: Substring) -> (digest: String, name: String?)? {
    var line = line
    while let last = line.last, last.isWhitespace { line.removeLast() }
    while let first = line.first, first.isWhitespace { line.removeFirst() }
    if line.hasPrefix("SHA256") || line.hasPrefix("SHA2-256") { return tagged(line) }
    if line.hasPrefix("\\") { line.removeFirst() }
    guard let digest = digest(line.prefix(64)) else { return nil }
    let rest = line.dropFirst(64)
    if rest.isEmpty { return (digest, nil) }
    guard let separator = rest.first, separator == " " || separator == "\t" else { return nil }
    let name = rest.drop { $0 == " " || $0 == "\t" }
    return (digest, String(name.hasPrefix("*") ? name.dropFirst() : name))
  }

  private static func tagged(_ line: Substring) -> (digest: String, name: String?)? {
    guard let open = line.firstIndex(of: "("), let close = line.lastIndex(of: ")"), open < close else { return nil }
    let rest = line[line.index(after: close)...].drop { $0 == " " }
    guard rest.first == "=", let digest = digest(rest.dropFirst().drop { $0 == " " }) else { return nil }
    return (digest, String(line[line.index(after: open)..<close]))
  }

  private static func digest(_ text: Substring) -> String? {
    let isDigest = text.utf8.count == 64 && text.utf8.allSatisfy { ($0 >= 48 && $0 <= 57) || ($0 | 32 >= 97 && $0 | 32 <= 102) }
    return isDigest ? text.lowercased() : nil
  }

  private static func baseName(_ path: String) -> Substring { path.split(whereSeparator: { $0 == "/" || $0 == "\\" }).last ?? "" }
}
