import Foundation

/// Values as JSON for machines: keys sorted, slashes as they are.
enum JSONText {
  static func of(_ value: some Encodable, pretty: Bool = false) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = pretty ? [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted] : [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(value) else { preconditionFailure("a value of ours has no JSON form") }
    return String(decoding: data, as: UTF8.self)
  }
}
