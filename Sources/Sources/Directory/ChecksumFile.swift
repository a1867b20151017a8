internal import Glibc
import ToolRunner

/// Reads the SHA-256 that a file beside a backup gives for it.
///
/// Understood are `sha256sum`'s lines (`hex  name`, `hex *name`, and with a leading `\` for escaped names), BSD's and OpenSSL's
/// (`SHA256 (name) = hex`, `SHA2-256(name)= hex`), and a bare digest. A single digest counts whatever name stands beside it, because
/// backups are often renamed after their checksum was taken; of several the one for the backup's name counts.
enum ChecksumFile {
  static let suffixes = [".sha256", ".sha256sum"]
  private static let limit = 65_536

  enum Outcome: Equatable {
    case none
    /// 64 hexadecimal digits in lower case.
    case sha256(String)
    /// A sentence without its full stop.
    case unusable(String)
  }

  /// The checksum for `name`, from the first of its checksum files among `names`.
  static func beside(_ name: String, in folder: Descriptor, names: Set<String>) -> Outcome {
    guard let file = suffixes.lazy.map({ name + $0 }).first(where: names.contains) else { return .none }
    let raw = openat(folder.raw, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
    guard raw >= 0 else { return .unusable("its checksum file \(file) cannot be read: \(String(cString: strerror(errno)))") }
    defer { close(raw) }
    var status = stat()
    guard fstat(raw, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return .unusable("its checksum file \(file) is not a file") }
    var bytes = [UInt8](repeating: 0, count: limit + 1)
    var count = 0
    while count < bytes.count {
      let got = bytes[count...].withUnsafeMutableBytes { read(raw, $0.baseAddress, $0.count) }
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else { return .unusable("its checksum file \(file) cannot be read: \(String(cString: strerror(errno)))") }
      if got == 0 { break }
      count += got
    }
    if count > limit { return .unusable("its checksum file \(file) is larger than a checksum file can be") }
    return parse(Array(bytes[..<count]), for: name, file: file)
  }

  static func parse(_ bytes: [UInt8], for name: String, file: String) -> Outcome {
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
