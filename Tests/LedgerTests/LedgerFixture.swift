import DrillModel
import Foundation
import GRDB
import Ledger
import Synchronization

/// A clock that stands at a minute of its own and moves a second with every look.
final class SteppingClocks: Clocks {
  private let state = Mutex(Int64(1_795_000_000_000))

  func now() -> Timestamp {
    state.withLock { now in
      now += 1000
      return Timestamp(milliseconds: now)
    }
  }

  func elapsed() -> Duration { .zero }
}

/// A directory of its own with a ledger in it, removed with the last reference.
final class LedgerFixture {
  let directory: String
  let clocks = SteppingClocks()
  var path: String { "\(directory)/state/ledger.sqlite" }

  init() { directory = NSTemporaryDirectory() + "ledger-\(UUID().uuidString)" }
  deinit { try? FileManager.default.removeItem(atPath: directory) }

  func open(_ options: Ledger.Options = Ledger.Options()) throws -> Ledger { try Ledger.open(at: path, clocks: clocks, options: options) }

  func audit(head: String? = nil, records: [Data]? = nil) throws -> AuditReport {
    guard let ledger = try Ledger.openForReading(at: path, clocks: clocks) else { throw Fault(.ledgerUnusable, "there is no ledger") }
    return try ledger.audit(head: head, records: records)
  }

  func newRun() -> RunID {
    var random = SystemRandomNumberGenerator()
    return RunID(at: clocks.now(), using: &random)
  }

  func claim(_ drill: String = "orders", in ledger: Ledger, due: Timestamp? = nil) throws -> RunClaim {
    guard case .claimed(let claim) = try ledger.claim(drill: drill, run: newRun(), trigger: .manual, due: due, host: "h") else {
      throw Fault(.interrupted, "not claimed")
    }
    return claim
  }

  /// Claims and seals a run.
  @discardableResult
  func seal(
    _ drill: String = "orders", _ verdict: Verdict = .passed, in ledger: Ledger, points: [SeenPoint] = [],
    owed: (ChainLink) throws -> [OwedNotification] = { _ in [] }
  ) throws -> SealedRecord {
    let claim = try claim(drill, in: ledger)
    return try ledger.seal(record(claim, verdict), under: claim, points: points) { Debts(notifications: try owed($0.head)) }
  }

  func record(_ claim: RunClaim, _ verdict: Verdict = .passed) -> RunRecord {
    LedgerFixture.record(claim.run, claim.drill, verdict, at: clocks.now())
  }

  static func record(_ run: RunID, _ drill: String, _ verdict: Verdict = .passed, at now: Timestamp) -> RunRecord {
    let point = RecoveryPointRecord(
      id: "b.db", takenAt: now - .seconds(60), timeOrigin: .name, bytes: 4096,
      artefacts: [ArtefactRecord(location: "/b/b.db", bytes: 4096, sha256: nil)], considered: 1, rejected: [])
    let rpo = RPORecord(
      objective: 3600, actual: 60, artefactAge: 60, dataAge: nil, worstGap: nil, windowWorstGap: nil, gapTolerance: 0.1, basis: .worst,
      verdict: .met)
    let phases = [Phase(name: .select, start: 0, end: 0.2), Phase(name: .restore, start: 0.2, end: 1.234)]
    let rto = RTORecord(
      objective: nil, actual: 1.234, until: .ready, engineRestore: 1, comparable: true, phases: phases, verdict: .noObjective)
    let checks = [
      CheckRecord(
        name: "rows of users", kind: "rows", severity: .fail, verdict: verdict == .passed ? .passed : .failed, expected: "2", found: "2",
        seconds: 0.012, data: true)
    ]
    return RunRecord(
      run: run, drill: drill, trigger: .manual, verdict: verdict, reasons: [], failureInstant: now, startedAt: now,
      finishedAt: now + .seconds(2), recoveryPoint: point, rpo: rpo, rto: rto, checks: checks,
      cleanup: CleanupRecord(verdict: .clean, resources: []),
      environment: EnvironmentRecord(host: "h", drillmark: "0.1.0", engine: nil, durability: .production, isolation: nil))
  }

  /// Changes the database behind the ledger's back, as somebody with the file would.
  func tamper(_ sql: String, _ arguments: StatementArguments = []) throws {
    let queue = try DatabaseQueue(path: path)
    try queue.writeWithoutTransaction { db in
      let triggers = try String.fetchAll(db, sql: "SELECT name FROM sqlite_master WHERE type = 'trigger'")
      try db.execute(sql: "PRAGMA foreign_keys = OFF")
      for trigger in triggers { try db.execute(sql: "DROP TRIGGER \(trigger)") }
      try db.execute(sql: sql, arguments: arguments)
    }
    try queue.close()
  }

  func value<Value: DatabaseValueConvertible>(_ sql: String) throws -> Value? {
    try DatabaseQueue(path: path).read { try Value.fetchOne($0, sql: sql) }
  }
}

/// The fault that `body` throws; nil when it throws none.
func fault(_ body: () throws -> Void) -> Fault? {
  do {
    try body()
    return nil
  } catch { return error as? Fault }
}
