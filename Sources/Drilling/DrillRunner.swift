package import DrillConfig
package import DrillModel
package import EngineKit
package import Ledger
import Objectives
import Selecting
import ToolRunner

/// Carries out drills of one site: claims, drives the phases, cleans up and seals.
package struct DrillRunner: Sendable {
  let settings: RunSettings
  let ledger: Ledger
  let clocks: any Clocks
  let reapers: [any ResourceReaper]

  package init(settings: RunSettings, ledger: Ledger, clocks: any Clocks, reapers: [any ResourceReaper]) {
    self.settings = settings
    self.ledger = ledger
    self.clocks = clocks
    self.reapers = reapers
  }

  /// What came of asking for a run.
  package enum Outcome: Sendable {
    case sealed(SealedRecord)
    /// Another live process is running this drill.
    case alreadyRunning(RunID, since: Timestamp)
    /// The due instant has its outcome already: the run that answered it, or nil for a miss. Nothing was done.
    case alreadyDecided(RunID?)
    /// The run happened, but the ledger could not take it.
    case unsealed(RunRecord, Fault)
  }

  /// What a caller may ask of one run beside the drill itself.
  package struct Request: Sendable {
    package var trigger: RunRecord.Trigger
    /// The due instant that the run answers; nil for a run by hand.
    package var due: Timestamp?
    /// The longest that the run may take before it is stopped and cleaned up; nil leaves it to the deadlines of its phases.
    package var limit: Duration?
    /// Leave the target in place this long.
    package var keep: Duration?
    /// Called with the restored system once it is ready, before its checks.
    package var examine: (@Sendable (Probes) async -> Void)?
    /// Called while a kept target stands, with the commands that reach it; the target goes when this returns.
    package var hold: (@Sendable ([String], Timestamp) async -> Void)?

    package init(
      trigger: RunRecord.Trigger = .manual, due: Timestamp? = nil, limit: Duration? = nil, keep: Duration? = nil,
      examine: (@Sendable (Probes) async -> Void)? = nil, hold: (@Sendable ([String], Timestamp) async -> Void)? = nil
    ) {
      self.trigger = trigger
      self.due = due
      self.limit = limit
      self.keep = keep
      self.examine = examine
      self.hold = hold
    }
  }

  /// Runs one drill from claim to seal. Cancelling interrupts it: its tools end, cleanup runs, and the record says so.
  ///
  /// - Throws: `Fault` when the run could not even be claimed; then nothing was created.
  package func run(
    _ plan: DrillPlan, _ request: Request = Request(), observe: @escaping @Sendable (RunEvent) -> Void
  ) async throws -> Outcome {
    var random = SystemRandomNumberGenerator()
    let startedAt = clocks.now()
    let id = RunID(at: startedAt, using: &random)
    let claim: RunClaim
    switch try await onThread(
      "claim",
      { [ledger, settings] in
        try ledger.claim(drill: plan.drill.name, run: id, trigger: request.trigger, due: request.due, host: settings.host)
      })
    {
    case .busy(let run, let since): return .alreadyRunning(run, since: since)
    case .decided(let run): return .alreadyDecided(run)
    case .claimed(let claimed): claim = claimed
    }
    observe(.claimed(id))
    settings.crashPoint("claimed")
    let limit = request.limit.map { RunLimit($0, clocks: clocks) }
    let drive = RunDrive(
      runner: self, plan: plan, claim: claim, observe: observe, limit: limit,
      state: RunState(
        run: id, drill: plan.drill, trigger: request.trigger, startedAt: startedAt,
        failureInstant: plan.failureInstant(startedAt: startedAt), origin: clocks.elapsed()))
    let work: @Sendable () async -> Outcome = {
      var drive = drive
      return await drive.carryOut(request)
    }
    if let limit { return await limit.enforce(work) }
    return await work()
  }
}

/// Where a site keeps what its runs need.
package struct RunSettings: Sendable {
  package var host: String
  package var version: String
  /// Parent of every scratch directory.
  package var scratch: String
  package var keepFree: FreeSpace
  package var cache: String
  package var logs: String
  package var protected: ProtectedSystems
  /// Whom to tell of what is sealed.
  package var alerts: AlertSettings
  /// Secret values known to this process, kept out of every log beside those of each run.
  package var secrets: [String]
  /// The environment that references to secrets look into.
  package var environment: [String: String]
  /// Called at every durable step with its name; tests end the process there.
  package var crashPoint: @Sendable (String) -> Void

  package init(
    host: String, version: String, scratch: String, keepFree: FreeSpace, cache: String, logs: String,
    protected: ProtectedSystems = ProtectedSystems(), alerts: AlertSettings = AlertSettings(), secrets: [String] = [],
    environment: [String: String] = [:],
    crashPoint: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.host = host
    self.version = version
    self.scratch = scratch
    self.keepFree = keepFree
    self.cache = cache
    self.logs = logs
    self.protected = protected
    self.alerts = alerts
    self.secrets = secrets
    self.environment = environment
    self.crashPoint = crashPoint
  }
}
