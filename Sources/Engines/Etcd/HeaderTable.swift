/// Reads header blocks of HTTP/2 (RFC 7541), keeping the table that both sides build up.
struct HeaderTable {
  typealias Field = (name: String, value: String)

  private var dynamic: [Field] = []
  private var size = 0
  private var limit = 4096

  /// The fields of one block; nil for a block that is none.
  mutating func fields(of block: [UInt8]) -> [Field]? {
    var rest = block[...]
    var fields: [Field] = []
    while let first = rest.first {
      if first & 0x80 != 0 {
        guard let index = Self.number(&rest, bits: 7), let field = self[index] else { return nil }
        fields.append(field)
      } else if first & 0xE0 == 0x20 {
        guard let size = Self.number(&rest, bits: 5), size <= 4096 else { return nil }
        limit = size
        evict()
      } else {
        let isKept = first & 0x40 != 0
        guard let index = Self.number(&rest, bits: isKept ? 6 : 4) else { return nil }
        guard let name = index == 0 ? Self.text(&rest) : self[index]?.name, let value = Self.text(&rest) else { return nil }
        fields.append((name, value))
        if isKept { add((name, value)) }
      }
    }
    return fields
  }

  private subscript(index: Int) -> Field? {
    if index >= 1, index <= Self.fixed.count { return Self.fixed[index - 1] }
    let place = index - Self.fixed.count - 1
    return dynamic.indices.contains(place) ? dynamic[place] : nil
  }

  private mutating func add(_ field: Field) {
    dynamic.insert(field, at: 0)
    size += Self.size(field)
    evict()
  }

  private mutating func evict() {
    while size > limit, let last = dynamic.popLast() { size -= Self.size(last) }
  }

  private static func size(_ field: Field) -> Int { field.name.utf8.count + field.value.utf8.count + 32 }

  private static func number(_ rest: inout ArraySlice<UInt8>, bits: Int) -> Int? {
    guard let first = rest.popFirst() else { return nil }
    let mask = 1 << bits - 1
    var value = Int(first) & mask
    guard value == mask else { return value }
    for shift in stride(from: 0, through: 28, by: 7) {
      guard let byte = rest.popFirst() else { return nil }
      value += Int(byte & 127) << shift
      if byte & 128 == 0 { return value }
    }
    return nil
  }

  private static func text(_ rest: inout ArraySlice<UInt8>) -> String? {
    guard let first = rest.first, let length = number(&rest, bits: 7), length <= rest.count else { return nil }
    defer { rest = rest.dropFirst(length) }
    let bytes = rest.prefix(length)
    guard first & 128 != 0 else { return String(decoding: bytes, as: UTF8.self) }
    return HuffmanCode.decode(bytes).map { String(decoding: $0, as: UTF8.self) }
  }

  /// RFC 7541 appendix A.
  private static let fixed: [Field] = [
    (":authority", ""), (":method", "GET"), (":method", "POST"), (":path", "/"), (":path", "/index.html"), (":scheme", "http"),
    (":scheme", "https"), (":status", "200"), (":status", "204"), (":status", "206"), (":status", "304"), (":status", "400"),
    (":status", "404"), (":status", "500"), ("accept-charset", ""), ("accept-encoding", "gzip, deflate"), ("accept-language", ""),
    ("accept-ranges", ""), ("accept", ""), ("access-control-allow-origin", ""), ("age", ""), ("allow", ""), ("authorization", ""),
    ("cache-control", ""), ("content-disposition", ""), ("content-encoding", ""), ("content-language", ""), ("content-length", ""),
    ("content-location", ""), ("content-range", ""), ("content-type", ""), ("cookie", ""), ("date", ""), ("etag", ""), ("expect", ""),
    ("expires", ""), ("from", ""), ("host", ""), ("if-match", ""), ("if-modified-since", ""), ("if-none-match", ""), ("if-range", ""),
    ("if-unmodified-since", ""), ("last-modified", ""), ("link", ""), ("location", ""), ("max-forwards", ""), ("proxy-authenticate", ""),
    ("proxy-authorization", ""), ("range", ""), ("referer", ""), ("refresh", ""), ("retry-after", ""), ("server", ""), ("set-cookie", ""),
    ("strict-transport-security", ""), ("transfer-encoding", ""), ("user-agent", ""), ("vary", ""), ("via", ""), ("www-authenticate", ""),
  ]
}
