import Alerting
import DrillConfig
import DrillModel

/// Routes, records and facts of a made-up site.
enum AlertFixture {
  static let start = Timestamp(seconds: 1_795_000_000)
  static let topic = NotificationRoute(.sns(SNSTarget(topic: "arn:aws:sns:eu-west-1:123456789012:dr-drills")))
  static let boss = NotificationRoute(.sns(SNSTarget(topic: "arn:aws:sns:eu-west-1:123456789012:boss")), name: "boss")
  static let team = NotificationRoute(.sns(SNSTarget(topic: "arn:aws:sns:eu-west-1:123456789012:team")), name: "team")
  static let head = ToldLink(hash: "sha256:" + String(repeating: "a", count: 64), sequence: 41)
  static let facts = DrillFacts(
    name: "orders", owner: "payments", tier: "critical", lastPass: start - .seconds(7 * 86_400),
    nextDue: start + .seconds(86_400), evidence: Notice.Evidence(host: "db-ops-1", ledger: "/var/lib/drillmark/ledger.sqlite"),
    site: "/etc/drillmark/drillmark.yaml")

  static func run(_ number: Int) -> RunID {
    let digits = String(number)
    return RunID("01M7ZEN2V9QG5FVT40RYH" + String(repeating: "0", count: 5 - digits.count) + digits) ?? runZero
  }

  private static var runZero: RunID {
    var random = SystemRandomNumberGenerator()
    return RunID(at: start, using: &random)
  }

  static func record(_ verdict: Verdict, _ number: Int = 1, drill: String = "orders", at: Timestamp = start) -> RunRecord {
    let level = Reason.Level(rawValue: verdict.rawValue) ?? .note
    let reasons = verdict == .passed ? [] : [Reason(code: "rto_missed", severity: level, text: "the recovery took 45 min")]
    return RunRecord(
      run: run(number), drill: drill, trigger: .schedule, verdict: verdict, reasons: reasons, failureInstant: at, startedAt: at,
      finishedAt: at,
      recoveryPoint: RecoveryPointRecord(
        id: "orderdb_20261119_020000.dump", takenAt: at - .seconds(3600), timeOrigin: .name, bytes: 1, artefacts: [], considered: 1,
        rejected: []),
      rpo: RPORecord(
        objective: 93_600, actual: 82_800, artefactAge: 300, dataAge: nil, worstGap: 82_800, windowWorstGap: nil, gapTolerance: 0.1,
        basis: .worst, verdict: .met),
      rto: RTORecord(
        objective: 1800, actual: 2700, until: .ready, engineRestore: nil, comparable: true, phases: [],
        verdict: verdict == .failed ? .missed : .met),
      checks: [], cleanup: CleanupRecord(verdict: .clean, resources: []),
      environment: EnvironmentRecord(host: "h", drillmark: "0", engine: nil, durability: .production, isolation: nil))
  }

  /// Follows one drill through its runs as the ledger would.
  struct Story {
    var owing: Owing
    var incident: Incident?
    var last: RunRecord?
    var told: [OwedNotice] = []
    var ids: Set<String> = []
    var isScheduled = true

    init(_ owing: Owing = Owing(routes: [topic])) { self.owing = owing }

    /// The events newly owed by a run.
    mutating func run(_ verdict: Verdict, _ number: Int, at: Timestamp = start) -> [String] {
      let record = record(verdict, number, at: at)
      let escalated = Set(told.filter { $0.notice.event == .escalated && $0.notice.incident == incident?.id }.map(\.route))
      let earlier = last.map { EarlierRun(run: $0.run, verdict: $0.verdict, finishedAt: $0.finishedAt) }
      let owed = owing.sealing(record, after: earlier, incident: incident, escalated: escalated, facts: facts, head: head)
      last = record
      return take(owed)
    }

    /// The events newly owed at a moment.
    mutating func review(at now: Timestamp, overdue: Timestamp? = nil, waiting: Set<String> = []) -> [String] {
      take(
        owing.review(
          DrillReview(
            facts: facts, now: now, last: last, incident: incident, overdue: overdue, isScheduled: isScheduled, waiting: waiting, head: head
          )))
    }

    private mutating func take(_ owed: Owed) -> [String] {
      switch owed.incident {
      case .keep: break
      case .set(let new): incident = new
      case .close: incident = nil
      }
      let new = owed.notices.filter { ids.insert($0.notice.id).inserted }
      told += new
      return new.map { $0.route.hasPrefix("sns:") ? $0.notice.event.rawValue : "\($0.notice.event.rawValue) to \($0.route)" }
    }
  }
}
