internal import DrillModel
internal import Foundation

/// The one way in which bodies are written: sorted keys, no spaces, slashes as they are, UTF-8.
enum CanonicalJSON {
  static func encode(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do { return Array(try encoder.encode(value)) } catch {
      throw Fault(.internalError, "a record holds a number that JSON cannot write")
    }
  }

  /// - Throws: `Fault` naming the key that is missing or wrong.
  static func decode<Value: Decodable>(_ type: Value.Type, from body: [UInt8]) throws -> Value {
    do { return try JSONDecoder().decode(type, from: Data(body)) } catch let error as DecodingError {
      throw Fault(.ledgerUnusable, "a record in the ledger cannot be read: \(describe(error))", advice: "Run `drillmark audit verify`")
    }
  }

  private static func describe(_ error: DecodingError) -> String {
    func place(_ context: DecodingError.Context, _ last: String? = nil) -> String {
      (context.codingPath.map(\.stringValue) + [last].compactMap(\.self)).joined(separator: ".")
    }
    return switch error {
    case .keyNotFound(let key, let context): "\(place(context, key.stringValue)) is missing"
    case .typeMismatch(_, let context), .valueNotFound(_, let context): "\(place(context)) has the wrong type"
    case .dataCorrupted(let context): context.codingPath.isEmpty ? "it is not JSON" : "\(place(context)) has an impossible value"
    @unknown default: "it does not have the form of a record"
    }
  }
}
