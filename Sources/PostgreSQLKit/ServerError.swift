package import EngineKit

/// What a server or libpq said when it refused. Holds the message only: details and contexts carry rows.
package struct ServerError: Error, Sendable, Hashable {
  /// Five characters of the manual's appendix "PostgreSQL Error Codes"; nil when no server answered.
  package var sqlState: String?
  package var message: String

  package init(sqlState: String?, message: String) {
    self.sqlState = sqlState
    self.message = message
  }

  /// The first two characters of the code.
  package var errorClass: String { String(sqlState?.prefix(2) ?? "") }

  /// The message without values of rows, which errors of class 22 quote at their end.
  package var withoutValues: String { ServerError.withoutValues(message) }

  /// Cuts the value that follows `: "` at the end of a message (`invalid input syntax for type integer: "…"`).
  package static func withoutValues(_ message: String) -> String {
    guard let start = message.firstRange(of: ": \"") else { return message }
    return "\(message[..<start.lowerBound])"
  }

  /// The same as a probe's answer: what the data lacks or breaks is told from what is ours.
  package func probeError(timeout: Duration) -> ProbeError {
    let text = [sqlState.map { "\($0): " } ?? "", withoutValues].joined()
    if isAboutElsewhere { return .unavailable("\(text); a scratch server reaches no other server, so ask it nothing of foreign tables") }
    switch sqlState {
    case "42P01", "42703", "42883", "3F000", "42704", "3D000": return .missing(text)
    case "57014": return .timeout(timeout)
    case "42601", "42P02", "42P18", "42804", "42846", "42803", "42702", "42725", "42P10", "25006", "0A000": return .invalid(text)
    case nil, "57P01", "57P02", "57P03", "53100", "53200", "53300", "53400", "42501", "55P03", "40P01", "58030": return .unavailable(text)
    default: break
    }
    switch errorClass {
    case "XX", "22", "58", "F0": return .damaged(text)
    case "08", "28", "53", "57": return .unavailable(text)
    case "42": return .invalid(text)
    default: return .damaged(text)
    }
  }

  /// Whether a foreign server was asked for: class HV, a password that dblink and postgres_fdw demand, a user mapping that the checking role
  /// has not.
  private var isAboutElsewhere: Bool {
    errorClass == "HV" || sqlState == "2F003" || sqlState == "08001" || (sqlState == "42704" && message.hasPrefix("user mapping not found"))
  }
}
