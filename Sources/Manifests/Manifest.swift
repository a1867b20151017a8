/// The format of manifest files, in which a directory tree is described for later comparison (docs/engines/files.md).
///
/// Lines of text: `drillmark-manifest 1`, a line an entry, and `end ENTRIES BYTES`, by which a cut manifest is known. Entries stand in
/// the order of a walk that takes each directory's names sorted by their bytes, so that two trees are compared as they stream by.
package enum Manifest {
  package static let header = "drillmark-manifest 1"

  package enum Kind: UInt8, Sendable {
    case file = 0x66
    case directory = 0x64
    case link = 0x6C
    case fifo = 0x70
    case socket = 0x73
    case device = 0x62

    /// For messages.
    package var name: String {
      switch self {
      case .file: "file"
      case .directory: "directory"
      case .link: "symbolic link"
      case .fifo: "FIFO"
      case .socket: "socket"
      case .device: "device"
      }
    }
  }

  /// One thing in a tree.
  package struct Entry: Sendable, Hashable {
    /// Relative to the tree's root, as the file system's bytes, without `.` or empty parts.
    package var path: [UInt8]
    package var kind: Kind
    /// Permission, set-id and sticky bits.
    package var mode: UInt32
    package var uid: UInt32
    package var gid: UInt32
    /// Seconds since 1970, rounded down, and nanoseconds.
    package var seconds: Int64
    package var nanoseconds: Int64
    /// Bytes of a file; 0 for anything else.
    package var size: Int64
    /// A file's SHA-256; nil while it is not known.
    package var digest: [UInt8]?
    /// Where a symbolic link points.
    package var target: [UInt8]

    package init(
      path: [UInt8], kind: Kind, mode: UInt32, uid: UInt32, gid: UInt32, seconds: Int64, nanoseconds: Int64, size: Int64 = 0,
      digest: [UInt8]? = nil, target: [UInt8] = []
    ) {
      self.path = path
      self.kind = kind
      self.mode = mode
      self.uid = uid
      self.gid = gid
      self.seconds = seconds
      self.nanoseconds = nanoseconds
      self.size = size
      self.digest = digest
      self.target = target
    }
  }

  /// The order of a manifest: by the bytes of the parts, a directory before what it holds.
  package static func precedes(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    let slash = UInt8(ascii: "/")
    for (first, second) in zip(left, right) where first != second {
      // No name holds a zero byte, so a slash that counts as one ends a shorter name first.
      return (first == slash ? 0 : first) < (second == slash ? 0 : second)
    }
    return left.count < right.count
  }

  /// Bytes as text in which white space, control characters, `%` and what is not ASCII or valid UTF-8 are written `%XX`.
  package static func escaped(_ bytes: some Sequence<UInt8>) -> String { String(decoding: escapedBytes(Array(bytes)), as: UTF8.self) }

  static func escapedBytes(_ bytes: [UInt8]) -> [UInt8] {
    let isText = String(validating: bytes, as: UTF8.self) != nil
    guard bytes.contains(where: { needsEscape($0, isText: isText) }) else { return bytes }
    var result: [UInt8] = []
    for byte in bytes {
      if needsEscape(byte, isText: isText) {
        result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      } else {
        result.append(byte)
      }
    }
    return result
  }

  /// The bytes that `escaped` wrote; nil for a broken escape.
  package static func unescaped(_ text: some Collection<UInt8>) -> [UInt8]? {
    guard text.contains(UInt8(ascii: "%")) else { return Array(text) }
    var result: [UInt8] = []
    var rest = Array(text)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        result.append(byte)
        continue
      }
      guard let high = rest.popFirst().flatMap(value), let low = rest.popFirst().flatMap(value) else { return nil }
      result.append(high << 4 | low)
    }
    return result
  }

  private static let digits = Array("0123456789ABCDEF".utf8)

  private static func value(_ digit: UInt8) -> UInt8? { digits.firstIndex(of: digit).map { UInt8($0) } }

  private static func needsEscape(_ byte: UInt8, isText: Bool) -> Bool {
    byte <= 32 || byte == 37 || byte == 127 || (byte >= 128 && !isText)
  }
}
