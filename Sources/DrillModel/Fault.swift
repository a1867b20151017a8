/// The one table of things that can go wrong. A code is stable: scripts match on it, and `docs/errors.md` has a line for each.
package enum FaultCode: String, Sendable, Codable, CaseIterable {
  // The backup or what it holds
  case nothingToRestore = "nothing_to_restore"
  case backupUnreadable = "backup_unreadable"
  case backupDamaged = "backup_damaged"
  case backupTruncated = "backup_truncated"
  case backupEmpty = "backup_empty"
  case backupWrongFormat = "backup_wrong_format"
  case checksumMismatch = "checksum_mismatch"
  case restoreFailed = "restore_failed"
  case notReady = "not_ready"
  case unsafeContent = "unsafe_content"
  case deadlineExceeded = "deadline_exceeded"
  // Our side
  case sourceUnreachable = "source_unreachable"
  case backupEncrypted = "backup_encrypted"
  case toolMissing = "tool_missing"
  case toolTooOld = "tool_too_old"
  case toolFailed = "tool_failed"
  case noSpace = "no_space"
  case permissionDenied = "permission_denied"
  case credentials = "credentials"
  case productionGuard = "production_guard"
  case isolationMissing = "isolation_missing"
  case scratchUnusable = "scratch_unusable"
  case ledgerUnusable = "ledger_unusable"
  case configuration = "configuration"
  case interrupted = "interrupted"
  case internalError = "internal_error"

  /// The verdict a run gets when this fault ends it before its checks.
  package var verdict: Verdict {
    switch self {
    case .nothingToRestore, .backupUnreadable, .backupDamaged, .backupTruncated, .backupEmpty, .backupWrongFormat, .checksumMismatch,
      .restoreFailed, .notReady, .unsafeContent, .deadlineExceeded:
      .failed
    case .interrupted: .interrupted
    case .sourceUnreachable, .backupEncrypted, .toolMissing, .toolTooOld, .toolFailed, .noSpace, .permissionDenied, .credentials,
      .productionGuard, .isolationMissing, .scratchUnusable, .ledgerUnusable, .configuration, .internalError:
      .cannotDrill
    }
  }
}

/// Why something could not be done: what happened, to what, and what to do next. Never holds a secret.
package struct Fault: Error, Sendable, Hashable, CustomStringConvertible {
  package let code: FaultCode
  /// What happened and to what, a full sentence without its full stop.
  package let message: String
  /// What to do next; nil when the message says it.
  package let advice: String?
  /// Whether trying again without changing anything can help.
  package let isTransient: Bool

  package init(_ code: FaultCode, _ message: String, advice: String? = nil, isTransient: Bool = false) {
    self.code = code
    self.message = message
    self.advice = advice
    self.isTransient = isTransient
  }

  package var description: String { advice.map { "\(message). \($0)" } ?? message }
}
