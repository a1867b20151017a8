import Foundation

/// Beginnings of files.
enum SmallText {
  /// The first `limit` bytes; none for a file that cannot be read.
  static func bytes(_ path: String, limit: Int) -> [UInt8] {
    guard let file = FileHandle(forReadingAtPath: path) else { return [] }
    defer { try? file.close() }
    return (try? file.read(upToCount: limit)).map { [UInt8]($0) } ?? []
  }

  /// A file of at most 64 KiB as text; nil when it cannot be read.
  static func read(_ path: String) -> String? {
    let bytes = bytes(path, limit: 64 << 10)
    return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
  }
}
