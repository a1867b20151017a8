import AWSClient
import AWSKit
import DrillModel

extension AWSFailure {
  /// Whether another state of the instance or cluster, which comes by itself, would let the same be done.
  var isAboutState: Bool { code.hasPrefix("InvalidDBInstanceState") || code.hasPrefix("InvalidDBClusterState") }

  /// Why RDS made nothing of a recovery point, told by whether the backup or the account is to blame.
  func restoreFault(_ action: String) -> Fault {
    let words = "RDS refuses to restore it: \(self)"
    switch code {
    case let code where code.contains("SnapshotNotFound"):
      return Fault(.backupUnreadable, words, advice: "The snapshot was deleted since it was listed; see who deletes snapshots")
    case let code where code.hasPrefix("InvalidDBSnapshotState") || code.hasPrefix("InvalidDBClusterSnapshotState"):
      return Fault(.backupUnreadable, words, advice: "Look at the snapshot's status")
    case "PointInTimeRestoreNotEnabled", "DBInstanceAutomatedBackupNotFound", "DBClusterAutomatedBackupNotFoundFault":
      return Fault(.nothingToRestore, words, advice: "Keep automated backups of the original for a day at the least")
    case "InvalidRestoreFault": return Fault(.restoreFailed, words)
    case "KMSKeyNotAccessibleFault": return Fault(.permissionDenied, "\(words); \(RDSStatus.keyText)", advice: RDSStatus.keyAdvice)
    case let code where code.contains("QuotaExceeded"):
      return Fault(.scratchUnusable, words, advice: "Raise the account's quota, or remove what uses it up")
    case let code where code.hasPrefix("Insufficient"):
      return Fault(.scratchUnusable, words, advice: "Try again later, or give another `class` or `subnet-group`", isTransient: true)
    default: return fault(during: "restoring in RDS", action: action, else: .configuration)
    }
  }
}
