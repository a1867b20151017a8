package import EngineKit

/// What a server or the client library said when it refused.
package struct MySQLError: Error, Sendable, Hashable {
  /// A number of the manual's "Error Codes": 1000 and up from a server, below from a storage engine, 2000 to 2999 from the client library.
  package var code: Int
  package var sqlState: String
  /// As it was said, which may quote values of rows; see `withoutValues`.
  package var message: String

  package init(code: Int, sqlState: String = "HY000", message: String) {
    self.code = code
    self.sqlState = sqlState
    self.message = message
  }

  /// Whether nobody answered, or whoever did is gone.
  package var isDisconnected: Bool { [2002, 2003, 2006, 2013, 2055, 1053, 1927].contains(code) }

  /// The message without what it quotes of rows and statements.
  package var withoutValues: String { MySQLError.withoutValues(message) }

  /// Cuts quoted values out of the messages that carry them: `Duplicate entry '…'`, `Incorrect … value: '…'`, `… near '…'`.
  package static func withoutValues(_ message: String) -> String {
    var text = message.replacing("\n", with: " ").replacing("\r", with: " ")
    if let near = text.firstRange(of: " near '") { text = "\(text[..<near.lowerBound])" }
    for opening in ["Duplicate entry '", "value: '", "value '", "Data truncated: '"] {
      guard let start = text.firstRange(of: opening) else { continue }
      let rest = text[start.upperBound...]
      // The value may hold quotes itself: what follows the last " for " is the server's own again.
      let end = rest.ranges(of: "' for ").last?.lowerBound ?? rest.lastIndex(of: "'") ?? rest.endIndex
      text = "\(text[..<start.upperBound])…\(rest[end...])"
    }
    return text
  }

  /// The same as a probe's answer: what the data lacks or breaks is told from what is ours.
  package func probeError(timeout: Duration) -> ProbeError {
    let text = "\(code): \(withoutValues)"
    switch code {
    case 1146, 1054, 1305, 1049, 1356, 1109, 1051: return .missing(text)
    case 1317, 1969, 3024: return .timeout(timeout)
    case 1064, 1055, 1052, 1066, 1222, 1792, 1290, 1140, 1241, 1242, 1247, 1248, 1295, 1391, 1582, 1584, 1149: return .invalid(text)
    case 1034, 1035, 1033, 1030, 1194, 1195, 1712, 1877, 1932, 1025, 1031, 1127, 1459, 1696, 1705, 1813: return .damaged(text)
    case 1021, 1037, 1038, 1040, 1041, 1114, 1205, 1213, 1044, 1045, 1142, 1143, 1227, 1370, 1449: return .unavailable(text)
    default: break
    }
    // Numbers of storage engines (`perror`): crashed, wrong index, unexpected end of file.
    if (120..<200).contains(code) { return .damaged(text) }
    if code >= 2000, code < 3000 { return .unavailable(text) }
    switch sqlState.prefix(2) {
    case "22": return .damaged(text)
    case "42": return .invalid(text)
    default: return .unavailable(text)
    }
  }
}
