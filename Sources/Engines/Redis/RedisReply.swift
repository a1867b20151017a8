import Digesting

/// One reply of Redis's protocol, version 2 (redis.io/docs/latest/develop/reference/protocol-spec).
enum RedisReply: Sendable, Hashable {
  case status(String)
  case error(String)
  case integer(Int64)
  case bulk([UInt8])
  /// A value too long to be kept: its length and digest.
  case long(Int64, SHA256Bytes)
  case null
  case array([RedisReply])

  /// The 32 bytes of a SHA-256.
  typealias SHA256Bytes = [UInt8]

  /// A short value's bytes; nil for anything else.
  var bytes: [UInt8]? { if case .bulk(let bytes) = self { bytes } else { nil } }

  var text: String? {
    switch self {
    case .status(let text): text
    case .bulk(let bytes): String(decoding: bytes, as: UTF8.self)
    default: nil
    }
  }

  var integer: Int64? { if case .integer(let value) = self { value } else { nil } }

  var items: [RedisReply]? { if case .array(let items) = self { items } else { nil } }

  /// The SHA-256 of a value, however long.
  var digest: SHA256Bytes? {
    switch self {
    case .bulk(let bytes): SHA256.digest(of: bytes)
    case .long(_, let digest): digest
    default: nil
    }
  }
}
