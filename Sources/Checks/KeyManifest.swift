import Digesting
import DrillModel
import Manifests
import Synchronization

/// The format of files that hold the digest of every key's value, for later comparison (docs/checks.md).
///
/// Lines of text: `drillmark-keys 1`; `SHA256 KEY` a key, the key with white space, control characters, `%` and what is not UTF-8 written
/// `%XX`, all lines sorted by their bytes (`LC_ALL=C sort`), so that a doubled one is seen; and `end COUNT`, by which a cut file is known.
final class KeyManifestReader: Sendable {
  private let lines: Mutex<KeyManifestLines>

  /// - Throws: `Fault` with code `configuration` for a file that cannot be read or is none of this version.
  init(path: String) throws { lines = Mutex(try KeyManifestLines(path: path)) }

  /// Up to `count` further keys; none at the end. Blocks.
  ///
  /// - Throws: `Fault` with code `configuration` for a file that is cut, unsorted or broken.
  func next(_ count: Int) throws -> [KeysCheck.Value] { try lines.withLock { try $0.next(count) } }
}

private struct KeyManifestLines {
  private static let header = "drillmark-keys 1"

  private let path: String
  private let reader: LineReader
  private var last: [UInt8] = []
  private var seen = 0
  private var isAtEnd = false

  init(path: String) throws {
    self.path = path
    reader = try LineReader(path: path)
    guard let first = try reader.next(), first.elementsEqual(Self.header.utf8) else {
      throw Fault(
        .configuration, "\(path) is not a manifest of keys", advice: "Its first line is `\(Self.header)`; see docs/checks.md")
    }
  }

  mutating func next(_ count: Int) throws -> [KeysCheck.Value] {
    var values: [KeysCheck.Value] = []
    while values.count < count, !isAtEnd {
      guard let line = try reader.next() else { throw broken("ends before its last line, `end COUNT`") }
      if line.starts(with: Array("end ".utf8)) {
        try end(line)
        break
      }
      guard let value = Self.value(line) else { throw broken("has a line \(seen + 2) that is not `SHA256 KEY`") }
      guard last.lexicographicallyPrecedes(line) else { throw broken("is not sorted, or holds a line twice, in line \(seen + 2)") }
      last = Array(line)
      seen += 1
      values.append(value)
    }
    return values
  }

  private mutating func end(_ line: ArraySlice<UInt8>) throws {
    guard Int(String(decoding: line.dropFirst(4), as: UTF8.self)) == seen else { throw broken("does not end with the number of its keys") }
    guard try reader.next() == nil else { throw broken("goes on behind its last line, `end COUNT`") }
    isAtEnd = true
  }

  private static func value(_ line: ArraySlice<UInt8>) -> KeysCheck.Value? {
    guard line.count > 65, line[line.startIndex + 64] == UInt8(ascii: " ") else { return nil }
    guard let digest = Hexadecimal.decode(String(decoding: line.prefix(64), as: UTF8.self)) else { return nil }
    return Manifest.unescaped(line.dropFirst(65)).map { KeysCheck.Value(key: $0, digest: digest) }
  }

  private func broken(_ how: String) -> Fault {
    Fault(.configuration, "the manifest of keys \(path) \(how)", advice: "Write it again; docs/checks.md has the format")
  }
}
