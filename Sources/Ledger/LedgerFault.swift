internal import DrillModel
internal import GRDB
internal import Glibc

extension Fault {
  /// A system call on one of the ledger's files went wrong.
  static func file(_ what: String, _ path: String, _ code: Int32) -> Fault {
    let advice =
      switch code {
      case ENOSPC, EDQUOT: "Free space there, or put the ledger elsewhere (ledger: in drillmark.yaml)"
      case EROFS: "It lies on a read-only file system; put the ledger on one that can be written (ledger: in drillmark.yaml)"
      case EACCES, EPERM: "Give the user that runs Drillmark the right to write there, or run as the ledger's owner"
      default: "Check the path (ledger: in drillmark.yaml) and the disk"
      }
    return Fault(.ledgerUnusable, "\(what) \(path): \(String(cString: strerror(code)))", advice: advice)
  }

  /// What SQLite refused, in the words of somebody who has to put it right.
  static func ledger(_ error: DatabaseError, at path: String, waited: Duration) -> Fault {
    switch error.resultCode {
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      Fault(
        .ledgerUnusable, "the ledger \(path) has been locked by another process for \(waited.readable)",
        advice: "See which process holds it (fuser \(path)) and try again", isTransient: true)
    case .SQLITE_FULL: .full(path)
    // The file beside the ledger that its readers share could not grow.
    case .SQLITE_IOERR where error.extendedResultCode == .SQLITE_IOERR_SHMSIZE: .full(path)
    case .SQLITE_READONLY:
      Fault(
        .ledgerUnusable, "the ledger \(path) cannot be written: its file or directory is read-only",
        advice: "Make both writable for the user that runs Drillmark")
    case .SQLITE_CORRUPT, .SQLITE_NOTADB:
      .damaged(path, error.message ?? "the database is malformed")
    case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH:
      Fault(
        .ledgerUnusable, "the ledger \(path) cannot be opened: \(error.message ?? "no reason given")",
        advice: "Check that the file and its directory belong to the user that runs Drillmark")
    case .SQLITE_IOERR:
      Fault(
        .ledgerUnusable, "the disk refused to read or write the ledger \(path) (SQLite error \(error.extendedResultCode.rawValue))",
        advice: "Look at the kernel's log (dmesg) and at the disk; whether the last step was kept is seen at the next start",
        isTransient: true)
    default:
      Fault(.internalError, "the ledger \(path) refused a step: \(error.message ?? "SQLite error \(error.extendedResultCode.rawValue)")")
    }
  }

  private static func full(_ path: String) -> Fault {
    Fault(
      .ledgerUnusable, "the disk that holds the ledger \(path) is full; nothing of this step was written",
      advice: "Free space on that file system and try again", isTransient: true)
  }

  /// The file is not, or no longer, a ledger that can be relied on. It is never changed or removed.
  static func damaged(_ path: String, _ what: String) -> Fault {
    Fault(
      .ledgerUnusable, "the ledger \(path) is damaged: \(what)",
      advice: "It was left as it is. Keep a copy, restore it from a backup, or move it aside to begin a new chain; "
        + "`drillmark audit verify` names what can still be read")
  }
}
