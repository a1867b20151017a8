import DrillConfig
import DrillModel
import ToolRunner

/// What asking a tool for its catalogue takes.
enum Catalogue {
  /// As whom a tool is asked before there is a run with a user of its own: nobody else's processes may look into one that knows a
  /// repository's secrets. Nil when we are not root.
  static func claimUser() throws -> ClaimedUser? { try BoxUsers.claim(lockDirectory: "/run/drillmark-users") }

  /// Whether a name can be that of a stanza or server; else says why not.
  static func accepts(_ name: String, _ what: String, _ context: inout ReadContext) -> Bool {
    if context.node.entry("logs") != nil {
      context.report(
        "the repository holds its own log, so `logs` has no place here", at: "logs", suggestion: "leave it out")
    }
    let isName = name.utf8.allSatisfy { byte in
      (48...57).contains(byte) || (65...90).contains(byte & 0xDF) && byte < 0x80 || [45, 46, 95].contains(byte)
    }
    guard isName, let first = name.utf8.first, first != 45, first != 46, name.utf8.count <= 128 else {
      context.report(
        "expected the name of a \(what) of letters, digits, `-`, `.` and `_`, found \(InertText.line(name, limit: 80))", at: "from")
      return false
    }
    return true
  }
}
