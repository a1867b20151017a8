import DrillConfig
import DrillModel
import EngineKit
import Ledger
import Selecting
import ToolRunner

/// Drives one claimed run through its phases. Every step adds to the run's state; the first fault ends the way to the next step,
/// and cleanup and seal happen whatever came before.
struct RunDrive {
  let runner: DrillRunner
  let plan: DrillPlan
  let claim: RunClaim
  let observe: @Sendable (RunEvent) -> Void
  /// The deadline of the whole run; nil when it has none.
  let limit: RunLimit?
  var state: RunState

  var clocks: any Clocks { runner.clocks }
  private var settings: RunSettings { runner.settings }

  mutating func carryOut(_ request: DrillRunner.Request) async -> DrillRunner.Outcome {
    var tools: SupervisedTools?
    var target: (any ScratchTarget)?
    do {
      let secrets = try await RunSecrets.fetch(plan, settings: settings, tools: supervisedTools(nil))
      let log = try RunLogs(directory: settings.logs).open(state.run, secrets: settings.secrets + secrets.hidden, clocks: clocks)
      let supervised = supervisedTools(log)
      tools = supervised
      let candidate = try await select()
      let user = try BoxUsers.claim(lockDirectory: settings.logs)
      defer { withExtendedLifetime(user) {} }
      let context = try engineContext(supervised, secrets.fetched, user: user?.user, candidate)
      // Finding the tools and making the directory are provisioning, though the target itself needs the content's head first.
      begin(.provision)
      state.engine = try await plan.engine.preflight(context)
      try await makeDirectory(context)
      let content = try await openContent(candidate, context)
      // Whatever ends the way early must not leave something reading on behind it.
      defer { content.stop() }
      target = try await provision(context, content.identity)
      if let target { try await restore(content, into: target, context) }
      if let target { try await verify(target, request, tools: supervised) }
    } catch {
      state.faults.append(asFault(error))
    }
    return await finish(request, target: target, tools: tools)
  }

  /// Carries out one phase as a span, within its deadline.
  mutating func phase<Value: Sendable>(
    _ name: PhaseName, late fault: Fault, _ operation: @escaping @Sendable () async throws -> Value
  ) async throws -> Value {
    begin(name)
    defer { end(name) }
    return try await withDeadline(plan.drill.deadlines[name], otherwise: fault, operation)
  }

  mutating func begin(_ name: PhaseName) {
    state.timeline.begin(name, at: clocks.elapsed())
    observe(.began(name))
    settings.crashPoint("began \(name.rawValue)")
  }

  mutating func end(_ name: PhaseName) {
    state.timeline.end(name, at: clocks.elapsed())
    observe(.ended(name))
    settings.crashPoint("ended \(name.rawValue)")
  }

  /// Every error as one sentence for people; cancellation is an interruption.
  func asFault(_ error: any Error) -> Fault {
    if let fault = error as? Fault, !Task.isCancelled || (fault.code == .interrupted && limit?.fault == nil) { return fault }
    if error is CancellationError || Task.isCancelled { return interruption }
    return Fault(
      .internalError, "an unexpected error ended the run: \(type(of: error))",
      advice: "Please report it with the output of `drillmark log \(state.run)`")
  }

  private var interruption: Fault { limit?.fault ?? Fault(.interrupted, "the run was stopped before its end") }

  // MARK: Phases

  private mutating func select() async throws -> Candidate {
    let source = plan.source
    let late = Fault(
      .sourceUnreachable, "\(source.location) could not be listed within \(plan.drill.deadlines[.select].readable)",
      advice: "Check the store, or raise deadlines.select", isTransient: true)
    let (plan, rules, started, instant) = (plan, plan.drill.rules, state.startedAt, state.failureInstant)
    let (survey, result) = try await phase(.select, late: late) {
      var random = SystemRandomNumberGenerator()
      let survey = try await plan.survey(now: started)
      return (survey, Result { try survey.choose(rules.select, failureInstant: instant, using: &random) })
    }
    // What was rejected belongs in the record even when nothing is left to choose.
    state.survey = survey
    state.clockError = source.clockError
    let candidate = try result.get()
    state.chosen = candidate
    state.artefact = ArtefactRecord(location: candidate.artefact.location, bytes: candidate.artefact.bytes, sha256: nil)
    observe(.selected("restoring \(candidate.id) of \(survey.candidates.count) recovery points in \(source.location)"))
    return candidate
  }

  private func supervisedTools(_ log: (any ToolLog)?) -> SupervisedTools {
    let (ledger, claim) = (runner.ledger, claim)
    return SupervisedTools(run: state.run.text, log: log) { process in
      // The supervisor ends the program whatever happens; the row only speeds up the search after a crash of both.
      let start = Int64(clamping: process.startTime)
      try? ledger.started(
        RecordedProcess(bootID: process.bootID, pid: process.pid, startTime: start, processGroup: process.group), for: claim)
    }
  }

  private func engineContext(
    _ tools: SupervisedTools, _ secrets: FetchedSecrets, user: Box.User?, _ candidate: Candidate
  ) throws -> EngineContext {
    let observe = observe
    var context = EngineContext(
      run: state.run, directory: ScratchDirectory.path(in: settings.scratch, run: state.run), cache: settings.cache, tools: tools,
      journal: LedgerJournal(ledger: runner.ledger, claim: claim, crashPoint: settings.crashPoint), clocks: clocks,
      durability: plan.drill.durability, limits: plan.drill.limits, protected: settings.protected, sources: plan.localDirectories,
      secrets: secrets, user: user, recoverTo: plan.recoverTo,
      labels: ["drill": plan.drill.name, "host": settings.host, "ledger": runner.ledger.path],
      progress: { phase, done, total in observe(.progressed(phase, done: done, total: total)) })
    let arrivals = state.arrivals
    let chain = try opener(of: plan.source, context) { arrivals.link($0, $1) }
    context.chain = candidate.chain.map { artefact in ChainLink(artefact) { try await chain.open(artefact) } }
    if let source = plan.logs {
      let logs = try opener(of: source, context) { arrivals.log($0, $1) }
      context.logs = LogArchive(
        location: source.location, listing: { try await logs.source.artefacts() }, opening: { try await logs.open($0) })
    }
    return context
  }

  private func opener(
    of source: any BackupSource, _ context: EngineContext, arrived: @escaping @Sendable (Artefact, StreamSummary?) -> Void
  ) throws -> LinkOpener {
    LinkOpener(
      source: try source.with(context.secrets),
      unwrapper: Unwrapper(tools: context.tools, limits: plan.drill.limits, user: context.user), limit: plan.drill.deadlines[.select],
      arrived: arrived)
  }

  private mutating func makeDirectory(_ context: EngineContext) async throws {
    try ScratchGuard(scratch: settings.scratch).check(against: plan.localDirectories)
    let directory = ScratchDirectory(path: context.directory, run: state.run)
    let resource = ScratchResource(kind: "directory", name: directory.path)
    try await context.journal.intend(resource)
    try directory.create()
    try await context.journal.made(resource)
  }

  private mutating func provision(_ context: EngineContext, _ identity: BackupIdentity) async throws -> any ScratchTarget {
    let engine = plan.engine
    let late = Fault(
      .scratchUnusable, "the scratch target was not up within \(plan.drill.deadlines[.provision].readable)",
      advice: "Look at `drillmark log \(state.run)`, or raise deadlines.provision")
    return try await phase(.provision, late: late) { try await engine.provision(context, for: identity) }
  }
}
