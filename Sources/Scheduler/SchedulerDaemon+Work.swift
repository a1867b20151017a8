import DrillConfig
import DrillModel
import Drilling
import Ledger
import Scheduling
import ToolRunner

extension SchedulerDaemon {
  /// How often what dead runs left is looked for.
  private static let reapingInterval = Duration.seconds(600)

  /// Looks, starts what is due as far as there is room, and gives the time of the next due instant.
  mutating func startDue(_ look: DueLook) async -> Timestamp? {
    let (keeper, drills, isWhole) = (keeper, site.reading.declared, site.reading.faults.isEmpty)
    let findings: ScheduleFindings
    do {
      findings = try await onThread("look") { try keeper.look(look, at: drills, isWhole: isWhole) }
      settle("ledger")
    } catch {
      complain("ledger", (error as? Fault)?.description ?? "the schedules could not be looked at")
      return nil
    }
    for note in findings.notes { say(note.text, of: note.drill) }
    waiting = waiting.filter { drill, due in findings.due.contains { $0.drill == drill && $0.due == due } }
    for run in findings.due { await start(run, at: look.now) }
    return findings.next
  }

  private mutating func start(_ run: DueRun, at now: Timestamp) async {
    if running[run.drill] != nil { return await overlap(run, at: now) }
    guard running.count < max(1, site.reading.parallel) else { return tellThatItWaits(run) }
    guard heldBack[run.drill].map({ $0 <= parts.clocks.elapsed() }) ?? true,
      let runner = site.reading.runner, let plan = site.reading.drills.first(where: { $0.drill.name == run.drill })
    else { return }
    heldBack[run.drill] = nil
    waiting[run.drill] = nil
    let work = DueRunner(runner: runner, keeper: keeper, clocks: parts.clocks, trigger: .schedule)
    let (events, log) = (events, log)
    let what = "due \(run.due.readable)\(run.isCatchUp ? ", made up for" : "")"
    running[run.drill] = Task {
      let end = await work.carryOut(plan, run) { event in
        if case .claimed(let id) = event { log.write("\(what): run \(id) started", of: run.drill) }
        if case .note(let text) = event { log.write("note: \(text)", of: run.drill) }
      }
      events.yield(.ended(run.drill, end))
    }
  }

  /// Once for each due time.
  private mutating func tellThatItWaits(_ run: DueRun) {
    guard waiting.updateValue(run.due, forKey: run.drill) != run.due else { return }
    let others = running.keys.sorted().map(log.shown).prefix(5).joined(separator: ", ") + (running.count > 5 ? ", …" : "")
    say("due \(run.due.readable), waits for one of these to end (parallel: \(max(1, site.reading.parallel))): \(others)", of: run.drill)
  }

  private mutating func overlap(_ run: DueRun, at now: Timestamp) async {
    let keeper = keeper
    do {
      guard try await onThread("overlap", { try keeper.overlapped(run, at: now) }) else { return }
      say("missed (overlap): due \(run.due.readable), its run before is still going", of: run.drill)
    } catch {
      complain("ledger", (error as? Fault)?.description ?? "a miss could not be recorded")
    }
  }

  mutating func tell(_ drill: String, _ end: DueRunner.End) {
    switch end {
    case .sealed(let sealed):
      let record = sealed.record
      settle("claim \(drill)")
      say("run \(record.run) \(record.verdict.rawValue) after \((record.finishedAt - record.startedAt).readable)", of: drill)
      for reason in record.reasons.filter({ $0.severity != .note }).prefix(5) { say("  \(reason.code): \(reason.text)", of: drill) }
    case .unsealed(let record, let fault):
      say("run \(record.run) came to \(record.verdict.rawValue) and could not be sealed: \(fault.description)", of: drill)
    case .overlapped(let other): say("missed (overlap): run \(other) of another process is still going", of: drill)
    case .answered(let run?): say("another scheduler saw to it: run \(run)", of: drill)
    case .answered(nil): say("another scheduler recorded it as missed", of: drill)
    case .notClaimed(let fault):
      heldBack[drill] = parts.clocks.elapsed() + parts.pause
      complain("claim \(drill)", fault.description, of: drill)
    }
  }

  /// Reaps now and then, and sees to what is owed to people; in the background, because both may take long.
  mutating func startChores() {
    let (reading, duties) = (site.reading, parts.duties)
    startChore("notifications") {
      let owed = try await duties.workOut(reading)
      return try await owed + duties.deliver(reading)
    }
    let now = parts.clocks.elapsed()
    guard drainEnd == nil, lastReaped.map({ now - $0 >= SchedulerDaemon.reapingInterval }) ?? true, let runner = reading.runner else {
      return
    }
    lastReaped = now
    startChore("reaping") { await Reaper(runner: runner).reap() }
  }

  private mutating func startChore(_ name: String, _ work: @escaping @Sendable () async throws -> [String]) {
    guard chores.insert(name).inserted else { return }
    let events = events
    Task {
      do { events.yield(.chore(name, try await work(), nil)) } catch {
        events.yield(.chore(name, [], error as? Fault ?? Fault(.internalError, "\(name) failed: \(type(of: error))")))
      }
    }
  }

  // MARK: Files

  mutating func noticeFiles() async {
    if files.shouldRead(await parts.filesVersion()) { await reload("a changed file") }
  }

  mutating func reload(_ why: String) async {
    parts.manager.reloading()
    let version = await parts.filesVersion()
    let before = Set(site.reading.drills.map(\.drill.name))
    site.take(await parts.read())
    files.settle(on: version)
    let now = Set(site.reading.drills.map(\.drill.name))
    say("read the files again after \(why): \(count(now.count, "drill"))")
    for drill in now.subtracting(before).sorted() { say("added", of: drill) }
    for drill in before.subtracting(now).sorted() { say("removed", of: drill) }
    tellFaults()
  }

  /// Each fault once, as long as it lasts.
  mutating func tellFaults() {
    let faults = site.reading.faults
    for fault in faults where !told.contains(fault) { say(fault.text) }
    told = Set(faults)
    for (drill, file) in site.outdated.sorted(by: { $0.key < $1.key }) {
      complain("file of \(drill)", "\(file) is wrong; the version read before stays in force", of: drill)
    }
    for subject in complaints.subjects where subject.hasPrefix("file of ") && site.outdated[String(subject.dropFirst(8))] == nil {
      _ = complaints.settle(subject)
    }
  }

  // MARK: Signs of life

  mutating func announce() async {
    let ledger = parts.ledger
    do { presence = try await onThread("announce") { try ledger.announceScheduler() } } catch {
      complain("sign of life", (error as? Fault)?.description ?? "no sign of life could be put up")
    }
  }

  mutating func beat(_ now: Timestamp) async {
    if presence == nil { await announce() }
    let outdated = site.outdated.sorted { $0.key < $1.key }.map {
      "\(log.shown($0.key)): \($0.value) is wrong; an older version is in force"
    }
    let sighting = SchedulerSighting(
      host: parts.host, pid: parts.pid, startedAt: startedAt, lastLook: now, isDaemon: true, notes: Array(outdated.prefix(20)))
    let presence = presence
    try? await onThread("beat") { presence?.beat(sighting) }
    parts.manager.alive(running.isEmpty ? "waiting" : "\(count(running.count, "run"))")
  }

  // MARK: Words

  var log: ScheduleLog { ScheduleLog(clocks: parts.clocks, say: parts.say) }

  func say(_ text: String, of drill: String? = nil) { log.write(text, of: drill) }

  mutating func complain(_ subject: String, _ text: String, of drill: String? = nil) {
    if let text = complaints.raise(subject, text) { say(text, of: drill) }
  }

  mutating func settle(_ subject: String) {
    if complaints.settle(subject) { say("\(log.shown(subject)): well again") }
  }

  func count(_ number: Int, _ what: String) -> String { number == 1 ? "1 \(what)" : "\(number) \(what)s" }

  func magnitude(_ span: Duration) -> Duration { span < .zero ? .zero - span : span }
}

/// The daemon's log: one event a line, each with its time in UTC (RFC 3339).
struct ScheduleLog: Sendable {
  let clocks: any Clocks
  let say: @Sendable (String) -> Void

  func write(_ text: String, of drill: String? = nil) {
    let time = clocks.now().description.prefix(19) + "Z"
    say("\(time) \(drill.map { "\(shown($0)): " } ?? "")\(text)")
  }

  /// A name of ten thousand characters must not fill the log.
  func shown(_ name: String) -> String { name.count <= 60 ? name : "\(name.prefix(57))..." }
}
