/// Numbers, texts and lists in a row of bytes: each text and list begins with its length. Numbers are 64 bits, the lowest byte first.
struct FieldWriter {
  private(set) var bytes: [UInt8] = []

  mutating func add(_ number: Int64) { withUnsafeBytes(of: number.littleEndian) { bytes += $0 } }

  mutating func add(_ text: String) {
    add(Int64(text.utf8.count))
    bytes += text.utf8
  }

  /// An absent text has the length -1.
  mutating func add(_ text: String?) {
    if let text { add(text) } else { add(-1 as Int64) }
  }

  mutating func add(_ list: [String]) {
    add(Int64(list.count))
    for text in list { add(text) }
  }
}

/// Reads what `FieldWriter` wrote, trusting none of it: no length leads outside the bytes.
struct FieldReader {
  /// The bytes are not such a row.
  struct Malformed: Error {}

  private var rest: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) { rest = bytes[...] }

  var isAtEnd: Bool { rest.isEmpty }

  mutating func number() throws(Malformed) -> Int64 {
    guard rest.count >= 8 else { throw Malformed() }
    defer { rest = rest.dropFirst(8) }
    return rest.prefix(8).reversed().reduce(0) { $0 << 8 | Int64($1) }
  }

  /// - Parameter longest: Bytes that it may have.
  mutating func text(longest: Int = .max) throws(Malformed) -> String {
    guard let text = try optionalText(longest: longest) else { throw Malformed() }
    return text
  }

  mutating func optionalText(longest: Int = .max) throws(Malformed) -> String? {
    let count = try number()
    if count == -1 { return nil }
    guard count >= 0, count <= Int64(min(longest, rest.count)) else { throw Malformed() }
    defer { rest = rest.dropFirst(Int(count)) }
    return String(decoding: rest.prefix(Int(count)), as: UTF8.self)
  }

  /// A count of what follows, each of which takes at least eight bytes: no count makes us reserve more than came.
  mutating func count() throws(Malformed) -> Int {
    let count = try number()
    guard count >= 0, count <= Int64(rest.count / 8) else { throw Malformed() }
    return Int(count)
  }

  /// - Parameter most: Texts that there may be.
  mutating func list(most: Int = .max, longest: Int = .max) throws(Malformed) -> [String] {
    let count = try count()
    guard count <= most else { throw Malformed() }
    var list: [String] = []
    list.reserveCapacity(count)
    for _ in 0..<count { list.append(try text(longest: longest)) }
    return list
  }
}
