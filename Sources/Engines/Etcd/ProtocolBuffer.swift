/// Writes a message of Protocol Buffers, field by field (protobuf.dev/programming-guides/encoding).
struct MessageWriter {
  private(set) var bytes: [UInt8] = []

  mutating func add(_ field: Int, _ value: some Collection<UInt8>) {
    bytes.reserveCapacity(bytes.count + value.count + 12)
    number(UInt64(field << 3 | 2))
    number(UInt64(value.count))
    bytes += value
  }

  mutating func add(_ field: Int, _ value: Int64) {
    number(UInt64(field << 3))
    number(UInt64(bitPattern: value))
  }

  private mutating func number(_ value: UInt64) {
    var rest = value
    while rest >= 128 {
      bytes.append(UInt8(rest & 127) | 128)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}

/// Reads a message of Protocol Buffers, giving one field after the other.
struct MessageReader {
  enum Value {
    case number(UInt64)
    case bytes(ArraySlice<UInt8>)

    var integer: Int64 { if case .number(let value) = self { Int64(bitPattern: value) } else { 0 } }
    var content: ArraySlice<UInt8> { if case .bytes(let value) = self { value } else { [] } }
  }

  private var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

  /// The next field; nil at the end, and for bytes that are no message.
  mutating func next() -> (field: Int, value: Value)? {
    guard let key = number(), key >> 3 > 0, key >> 3 < 1 << 29 else { return nil }
    let field = Int(key >> 3)
    switch key & 7 {
    case 0: return number().map { (field, .number($0)) }
    case 1: return fixed(8).map { (field, .bytes($0)) }
    case 5: return fixed(4).map { (field, .bytes($0)) }
    case 2:
      guard let length = number(), length <= UInt64(rest.count) else { return nil }
      return fixed(Int(length)).map { (field, .bytes($0)) }
    default: return nil
    }
  }

  private mutating func fixed(_ count: Int) -> ArraySlice<UInt8>? {
    guard count <= rest.count else { return nil }
    defer { rest = rest.dropFirst(count) }
    return rest.prefix(count)
  }

  private mutating func number() -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: 0, through: 63, by: 7) {
      guard let byte = rest.popFirst() else { return nil }
      value |= UInt64(byte & 127) << UInt64(shift)
      if byte & 128 == 0 { return value }
    }
    return nil
  }
}
