import DrillModel
import Glibc
import ToolRunner

/// One change of a key, as a watcher of the backed-up cluster saw it (pkg/snapshot/snapshotter/snapshotter.go).
struct DeltaEvent: Sendable, Hashable {
  var isDelete = false
  var key: [UInt8] = []
  var value: [UInt8] = []
  var created: Int64 = 0
  var revision: Int64 = 0
  var version: Int64 = 0
  var lease: Int64 = 0
  /// When it was seen.
  var time: Timestamp?
}

/// Reads the events of a delta, a JSON array, one at a time and with a bounded buffer.
final class DeltaReader {
  /// Bytes of the longest text; a request to etcd has 1.5 MiB unless its operator allows more.
  private static let longestText = 256 << 20

  private let file: Descriptor
  private let name: String
  private let length: Int64
  private var buffer = [UInt8](repeating: 0, count: 1 << 20)
  private var position = 0
  private var end = 0
  /// Where in the file the buffer's end is.
  private var place: Int64 = 0
  private var hasBegun = false

  /// - Parameter length: Bytes of the array, from the file's beginning.
  init(_ file: Descriptor, length: Int64, name: String) {
    self.file = file
    self.length = length
    self.name = name
  }

  /// The next event; nil after the last.
  ///
  /// - Throws: `Fault` with code `backup_damaged` for anything that is not such an array.
  func next() throws -> DeltaEvent? {
    if !hasBegun {
      try expect("[")
      hasBegun = true
      if try skipped("]") { return try atEnd() }
    } else if try !skipped(",") {
      try expect("]")
      return try atEnd()
    }
    var event = DeltaEvent()
    try object { key in
      switch key {
      case "etcdEvent": try readEvent(&event)
      case "time": event.time = Timestamp(rfc3339: String(decoding: try text(), as: UTF8.self))
      default: try skipValue(0)
      }
    }
    guard event.revision > 0, !event.key.isEmpty else { throw damage("an event without key or revision") }
    return event
  }

  private func readEvent(_ event: inout DeltaEvent) throws {
    try object { key in
      switch key {
      case "type":
        // Numbers, or names where another encoder wrote them.
        if try peek() == UInt8(ascii: "\"") {
          event.isDelete = try text() == Array("DELETE".utf8)
        } else {
          event.isDelete = try number() == 1
        }
      case "kv": try readPair(&event)
      default: try skipValue(0)
      }
    }
  }

  private func readPair(_ event: inout DeltaEvent) throws {
    try object { key in
      switch key {
      case "key": event.key = try base64()
      case "value": event.value = try base64()
      case "create_revision": event.created = try number()
      case "mod_revision": event.revision = try number()
      case "version": event.version = try number()
      case "lease": event.lease = try number()
      default: try skipValue(0)
      }
    }
  }

  private func atEnd() throws -> DeltaEvent? {
    guard try peek() == nil else { throw damage("bytes behind the end of its events") }
    return nil
  }

  // MARK: JSON

  private func object(_ member: (String) throws -> Void) throws {
    if try isNull() { return }
    try expect("{")
    if try skipped("}") { return }
    repeat {
      _ = try peek()
      let key = String(decoding: try text(), as: UTF8.self)
      try expect(":")
      try member(key)
    } while try skipped(",")
    try expect("}")
  }

  private func isNull() throws -> Bool {
    guard try peek() == UInt8(ascii: "n") else { return false }
    for letter in "null".utf8 {
      guard try take() == letter else { throw damage("a word that is none of JSON") }
    }
    return true
  }

  private func number() throws -> Int64 {
    var digits = ""
    while let byte = try peek(skippingSpace: digits.isEmpty), byte == 45 || (48...57).contains(byte), digits.utf8.count < 21 {
      digits.unicodeScalars.append(Unicode.Scalar(byte))
      position += 1
    }
    guard let value = Int64(digits) else { throw damage("a number that is no 64-bit integer") }
    return value
  }

  private func skipValue(_ level: Int) throws {
    guard level < 32 else { throw damage("values nested more than 32 deep") }
    switch try peek() {
    case UInt8(ascii: "\""): _ = try text()
    case UInt8(ascii: "{"): try object { _ in try skipValue(level + 1) }
    case UInt8(ascii: "["):
      position += 1
      if try skipped("]") { return }
      repeat { try skipValue(level + 1) } while try skipped(",")
      try expect("]")
    default:
      var length = 0
      while let byte = try peek(skippingSpace: false), byte != 44, byte != 93, byte != 125, byte > 32 {
        position += 1
        length += 1
      }
      guard length > 0 else { throw damage("a value that is none") }
    }
  }

  /// A string's bytes with its escapes undone.
  private func text() throws -> [UInt8] {
    try expect("\"")
    var result: [UInt8] = []
    while true {
      if position == end, try !refill() { throw damage("a text that does not end") }
      let rest = buffer[position..<end]
      let stop = rest.firstIndex { $0 == 34 || $0 == 92 } ?? end
      result += buffer[position..<stop]
      position = stop
      guard result.count <= Self.longestText else { throw damage("a text of more than \(Self.longestText >> 20) MiB") }
      guard stop < end else { continue }
      position += 1
      if buffer[stop] == 34 { return result }
      try escape(into: &result)
    }
  }

  private func escape(into result: inout [UInt8]) throws {
    let plain: [UInt8: UInt8] = [34: 34, 92: 92, 47: 47, 98: 8, 102: 12, 110: 10, 114: 13, 116: 9]
    let letter = try take()
    if let byte = plain[letter] { return result.append(byte) }
    guard letter == UInt8(ascii: "u") else { throw damage("an escape that is none") }
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = Character(Unicode.Scalar(try take())).hexDigitValue else { throw damage("an escape that is none") }
      code = code << 4 | UInt32(digit)
    }
    result += String(Unicode.Scalar(code).map(Character.init) ?? "\u{FFFD}").utf8
  }

  /// What a text holds in the alphabet of RFC 4648 section 4.
  private func base64() throws -> [UInt8] {
    if try isNull() { return [] }
    let text = try text()
    guard text.count % 4 == 0 else { throw damage("a key or value that is no Base64") }
    let padding = text.suffix(2).count { $0 == 61 }
    var result: [UInt8] = []
    result.reserveCapacity(text.count / 4 * 3)
    var (bits, isGood) = (UInt32(0), true)
    for (index, unit) in text.enumerated() {
      let value = index >= text.count - padding ? (unit == 61 ? 0 : 255) : Self.values[Int(unit)]
      isGood = isGood && value < 64
      bits = bits << 6 | UInt32(value & 63)
      guard index & 3 == 3 else { continue }
      result.append(UInt8(bits >> 16 & 255))
      result.append(UInt8(bits >> 8 & 255))
      result.append(UInt8(bits & 255))
      bits = 0
    }
    guard isGood else { throw damage("a key or value that is no Base64") }
    result.removeLast(padding)
    return result
  }

  private static let values: [UInt8] = {
    var table = [UInt8](repeating: 255, count: 256)
    for (value, unit) in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8.enumerated() {
      table[Int(unit)] = UInt8(value)
    }
    return table
  }()

  // MARK: Bytes

  private func peek(skippingSpace: Bool = true) throws -> UInt8? {
    while true {
      if position == end, try !refill() { return nil }
      let byte = buffer[position]
      if skippingSpace, byte == 32 || (9...13).contains(byte) {
        position += 1
        continue
      }
      return byte
    }
  }

  private func take() throws -> UInt8 {
    if position == end, try !refill() { throw damage("its events end in the middle") }
    position += 1
    return buffer[position - 1]
  }

  private func expect(_ mark: Unicode.Scalar) throws {
    guard try skipped(mark) else { throw damage("no \(mark) where one belongs") }
  }

  private func skipped(_ mark: Unicode.Scalar) throws -> Bool {
    guard try peek() == UInt8(ascii: mark) else { return false }
    position += 1
    return true
  }

  private func refill() throws -> Bool {
    let wanted = min(Int64(buffer.count), length - place)
    guard wanted > 0 else { return false }
    while true {
      let got = buffer.withUnsafeMutableBytes { pread(file.raw, $0.baseAddress, Int(wanted), off_t(place)) }
      if got < 0, errno == EINTR { continue }
      guard got > 0 else { throw Fault(.scratchUnusable, "the copy of \(name) cannot be read: \(systemMessage(errno))") }
      place += Int64(got)
      (position, end) = (0, got)
      return true
    }
  }

  private func damage(_ what: String) -> Fault {
    Fault(
      .backupDamaged, "\(name) holds \(what), at byte \(place - Int64(end - position))",
      advice: "Its hash is right, so it was written so: look at the version of etcd-backup-restore that wrote it")
  }
}
