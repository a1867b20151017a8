/// One 512-byte header block of a tar archive: V7, ustar (POSIX.1-1988), GNU or pax (POSIX.1-2001, section "ustar Interchange Format";
/// GNU tar manual, "Basic Tar Format").
package struct TarHeader: Sendable {
  /// Bytes of a block.
  package static let blockSize = 512

  package var name: [UInt8]
  package var mode: UInt32
  package var uid: Int64
  package var gid: Int64
  package var size: Int64
  package var seconds: Int64
  package var type: UInt8
  package var link: [UInt8]
  let block: [UInt8]

  /// Whether the block's checksum is right: the sum of its bytes with the checksum's own field as spaces, signed in old archives.
  package static func isWhole(_ block: some Collection<UInt8>) -> Bool {
    guard block.count == blockSize, let stored = octal(Array(block.dropFirst(148).prefix(8))) else { return false }
    var unsigned: Int64 = 0
    var signed: Int64 = 0
    for (offset, byte) in block.enumerated() {
      let counted = (148..<156).contains(offset) ? 32 : byte
      unsigned += Int64(counted)
      signed += Int64(Int8(bitPattern: counted))
    }
    return stored == unsigned || stored == signed
  }

  /// Reads a block whose checksum has been found right; nil when a number in it is none.
  package init?(_ block: [UInt8]) {
    func field(_ start: Int, _ length: Int) -> [UInt8] { Array(block[start..<start + length].prefix { $0 != 0 }) }
    func number(_ start: Int, _ length: Int) -> Int64? { Self.number(Array(block[start..<start + length])) }
    guard let mode = number(100, 8), let uid = number(108, 8), let gid = number(116, 8), let size = number(124, 12), size >= 0,
      let seconds = number(136, 12)
    else { return nil }
    self.block = block
    self.mode = UInt32(truncatingIfNeeded: mode) & 0o7777
    self.uid = uid
    self.gid = gid
    self.size = size
    self.seconds = seconds
    type = block[156]
    link = field(157, 100)
    let prefix = field(345, 155)
    // GNU's magic, "ustar  ", uses the prefix for other things.
    let isPOSIX = Array(block[257..<263]) == Array("ustar\0".utf8)
    name = isPOSIX && !prefix.isEmpty ? prefix + [UInt8(ascii: "/")] + field(0, 100) : field(0, 100)
  }

  /// Octal text, or GNU's base-256 where the first bit is set.
  static func number(_ field: [UInt8]) -> Int64? {
    guard let first = field.first, first & 0x80 != 0 else { return octal(field) }
    var value: Int64 = first & 0x40 != 0 ? -1 : 0
    for (offset, byte) in field.enumerated() {
      let part = offset == 0 ? (value < 0 ? byte : byte & 0x7F) : byte
      guard value <= Int64.max >> 8, value >= Int64.min >> 8 else { return nil }
      value = value << 8 | Int64(part)
    }
    return value
  }

  private static func octal(_ field: [UInt8]) -> Int64? {
    let digits = field.drop { $0 == 32 }.prefix { $0 != 0 && $0 != 32 }
    var value: Int64 = 0
    for digit in digits {
      guard digit >= 48, digit <= 55, value <= Int64.max >> 3 else { return nil }
      value = value << 3 | Int64(digit - 48)
    }
    return value
  }
}
