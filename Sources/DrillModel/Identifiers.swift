/// A run's identifier: a ULID (48 bits of milliseconds, 80 random bits, Crockford base 32), so that ids sort by time.
package struct RunID: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
  package let text: String

  /// Takes an id as it was written, or nil when it is not 26 characters of Crockford's alphabet.
  package init?(_ text: String) {
    guard text.utf8.count == 26, text.utf8.allSatisfy({ RunID.alphabet.contains($0) }) else { return nil }
    self.text = text
  }

  /// Makes an id from a time and randomness.
  package init(at time: Timestamp, using random: inout some RandomNumberGenerator) {
    var characters: [UInt8] = []
    let milliseconds = UInt64(max(0, time.milliseconds)) & 0xFFFF_FFFF_FFFF
    for position in 0..<10 { characters.append(RunID.alphabet[Int(milliseconds >> UInt64(45 - 5 * position)) & 31]) }
    for _ in 0..<16 { characters.append(RunID.alphabet[Int((random.next() as UInt64) & 31)]) }
    text = String(decoding: characters, as: UTF8.self)
  }

  /// When the run was claimed, from the id's first ten characters.
  package var time: Timestamp {
    let milliseconds = text.utf8.prefix(10).reduce(Int64(0)) { $0 << 5 | Int64(RunID.alphabet.firstIndex(of: $1) ?? 0) }
    return Timestamp(milliseconds: milliseconds)
  }

  private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

  package var description: String { text }
  package static func < (left: RunID, right: RunID) -> Bool { left.text < right.text }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let value = RunID(text) else { throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a run id: \(text)") }
    self = value
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}
