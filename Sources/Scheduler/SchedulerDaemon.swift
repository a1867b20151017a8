import DrillConfig
import DrillModel
import Drilling
import Ledger
import Scheduling
import ToolRunner

/// Runs drills as their schedules say, until it is told to stop.
///
/// It never sleeps longer than half a minute and looks at the wall clock anew each time, so that a suspend or a clock that is set costs at
/// most that. Everything it must remember is in the ledger, so that it may be killed at any time, and may work beside others of its kind.
package struct SchedulerDaemon {
  /// What may be told to a running daemon.
  package enum Signal: Sendable {
    /// The first stops it when its runs have ended, or its patience has; the second interrupts them at once.
    case stop
    /// Read the files again.
    case reload
  }

  enum Event: Sendable {
    case tick
    case signal(Signal)
    case ended(String, DueRunner.End)
    case chore(String, [String], Fault?)
  }

  let parts: SchedulerParts
  let keeper: ScheduleKeeper
  let events: AsyncStream<Event>.Continuation
  private var incoming: AsyncStream<Event>.Iterator
  var site: CurrentSite
  var running: [String: Task<Void, Never>] = [:]
  /// Drills whose claim failed, and when to try again.
  var heldBack: [String: Duration] = [:]
  /// Drills that wait for others to end, and the due time that does.
  var waiting: [String: Timestamp] = [:]
  var chores: Set<String> = []
  var complaints = Complaints()
  var told: Set<SiteReading.FileFault> = []
  var clock: ClockWatch
  var files = FileWatch()
  var presence: SchedulerPresence?
  var startedAt: Timestamp
  /// When runs that are still going are interrupted; nil while nobody has asked for a stop.
  var drainEnd: Duration?
  var lastReaped: Duration?

  package init(_ parts: SchedulerParts, site reading: SiteReading) {
    self.parts = parts
    keeper = ScheduleKeeper(parts.ledger)
    let (stream, continuation) = AsyncStream<Event>.makeStream()
    events = continuation
    incoming = stream.makeAsyncIterator()
    site = CurrentSite(reading)
    clock = ClockWatch()
    startedAt = parts.clocks.now()
  }

  /// Takes signals from any thread.
  package var signal: @Sendable (Signal) -> Void {
    let events = events
    return { events.yield(.signal($0)) }
  }

  /// Works until it is stopped and its runs have ended.
  package mutating func run() async {
    say("started, \(count(site.reading.drills.count { $0.drill.schedule != nil }, "drill")) with a schedule, pid \(parts.pid)")
    tellFaults()
    await files.settle(on: parts.filesVersion())
    await announce()
    parts.manager.ready()
    while !(drainEnd != nil && running.isEmpty) {
      await wait(await wake())
    }
    parts.manager.stopping()
    presence?.withdraw()
    say("stopped")
  }

  /// One wake; gives how long to sleep.
  mutating func wake() async -> Duration {
    let look = clock.look(parts.clocks)
    if let step = clock.step { say("the wall clock was set \(step > .zero ? "forward" : "back") by \(magnitude(step).readable)") }
    await noticeFiles()
    var next: Timestamp?
    if let drainEnd {
      if parts.clocks.elapsed() >= drainEnd { interrupt() }
    } else {
      next = await startDue(look)
    }
    startChores()
    await beat(look.now)
    let pause = min(parts.pause, (parts.manager.watchdog ?? .seconds(120)) / 2, files.isUnsettled ? .seconds(2) : parts.pause)
    guard let next else { return pause }
    return max(.milliseconds(100), min(pause, next - look.now + .milliseconds(10)))
  }

  private mutating func wait(_ pause: Duration) async {
    let (events, sleep) = (events, parts.sleep)
    let timer = Task {
      await sleep(pause)
      if !Task.isCancelled { events.yield(.tick) }
    }
    if let event = await incoming.next() { await take(event) }
    timer.cancel()
  }

  private mutating func take(_ event: Event) async {
    switch event {
    case .tick: break
    case .signal(.reload): await reload("SIGHUP")
    case .signal(.stop): stop()
    case .ended(let drill, let end):
      running[drill] = nil
      tell(drill, end)
    case .chore(let name, let lines, let fault):
      chores.remove(name)
      for line in lines { say(line) }
      if let fault { complain(name, fault.description) } else { settle(name) }
    }
  }

  private mutating func stop() {
    if drainEnd != nil { return interrupt() }
    drainEnd = parts.clocks.elapsed() + parts.drain
    parts.manager.stopping()
    let rest = running.isEmpty ? "" : "; waiting \(parts.drain.readable) at most for \(count(running.count, "run"))"
    say("stopping\(rest)")
  }

  private mutating func interrupt() {
    for (drill, task) in running where !task.isCancelled {
      say("interrupting its run, which cleans up first", of: drill)
      task.cancel()
    }
  }
}
