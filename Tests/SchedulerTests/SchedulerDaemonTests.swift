import DrillConfig
import DrillModel
import DrillTestSupport
import Drilling
import EngineKit
import Glibc
import Ledger
import Scheduling
import Synchronization
import Testing

@testable import Scheduler

/// A daemon over a ledger of its own, whose drills have scripted parts, with a log that can be read.
private final class DaemonBench: Sendable {
  let folder = TemporaryFolder("dmsched")
  let clocks = HandClocks(SchedulerBench.start)
  let ledger: Ledger
  let runner: DrillRunner
  let log = Mutex<[String]>([])
  let next = Mutex<SiteReading?>(nil)
  let version = Mutex("1")

  init() throws {
    ledger = try Ledger.open(at: "\(folder.path)/state/ledger.sqlite", clocks: clocks, options: .init(lockWait: .milliseconds(50)))
    let settings = RunSettings(
      host: "h", version: "0", scratch: "\(folder.path)/scratch", keepFree: .bytes(1), cache: "\(folder.path)/cache",
      logs: "\(folder.path)/logs")
    runner = DrillRunner(settings: settings, ledger: ledger, clocks: clocks, reapers: [])
  }

  func plan(_ name: String, _ cron: String, missed: MissedPolicy = .runOnce) -> DrillPlan {
    let engine = ScriptedEngine()
    let file = ConfigFile(shown: "drills/\(name).yaml", directory: folder.path)
    let place = Place(file: file, line: 1, column: 1)
    return DrillPlan(
      file: file, place: place, drill: SchedulerBench.drill(name, cron) { $0.missed = missed },
      location: BackupLocation(text: "x", scheme: "file", rest: "/x"), sourceName: "directory", source: ScriptedSource([]),
      engineName: engine.name, engine: engine, checks: [])
  }

  func reading(_ plans: [DrillPlan], faults: [SiteReading.FileFault] = [], runner: DrillRunner?) -> SiteReading {
    SiteReading(drills: plans, faults: faults, parallel: 2, runner: runner)
  }

  func parts() -> SchedulerParts {
    SchedulerParts(
      ledger: ledger, clocks: clocks, manager: ServiceManager(environment: [:], pid: 1),
      read: { self.next.withLock { $0 } ?? SiteReading(drills: [], faults: [], parallel: 1, runner: nil) },
      filesVersion: { self.version.withLock { $0 } }, say: { line in self.log.withLock { $0.append(line) } }, host: "h", pid: 1,
      drain: .seconds(60))
  }

  func said(_ text: String) -> Int { log.withLock { $0.count { $0.contains(text) } } }
}

@Suite("The daemon")
struct SchedulerDaemonTests {
  @Test("runs what is due, says each event on a line with its time, and stops when asked") func runs() async throws {
    let bench = try DaemonBench()
    var parts = bench.parts()
    let wakes = Mutex(0)
    let signal = Mutex<(@Sendable (SchedulerDaemon.Signal) -> Void)?>(nil)
    parts.sleep = { _ in
      let count = wakes.withLock { wakes in
        wakes += 1
        return wakes
      }
      if count < 12 { bench.clocks.pass(.seconds(30)) } else { signal.withLock { $0 }?(.stop) }
      try? await Task.sleep(for: .milliseconds(60))
    }
    var daemon = SchedulerDaemon(parts, site: bench.reading([bench.plan("orders", "*/2 * * * *")], runner: bench.runner))
    signal.withLock { $0 = daemon.signal }
    await daemon.run()
    let runs = try bench.ledger.decisions("orders").count { $0.run != nil }
    #expect(runs >= 1 && bench.said(" started") == runs + 1, "\(bench.log.withLock { $0 })")
    #expect(bench.said("cannot_drill") + bench.said("failed") >= runs)
    #expect(bench.log.withLock { $0 }.allSatisfy { $0.hasPrefix("2026-01-01T00:") && !$0.contains("\n") })
    #expect(bench.log.withLock { $0.last }?.hasSuffix("stopped") == true)
    #expect(bench.ledger.schedulers().isEmpty)
  }

  @Test("ten thousand wakes grow neither descriptors nor the log") func manyWakes() async throws {
    let bench = try DaemonBench()
    var daemon = SchedulerDaemon(bench.parts(), site: bench.reading([bench.plan("orders", "0 4 1 1 *")], runner: bench.runner))
    for _ in 0..<50 { _ = await daemon.wake() }
    let (descriptors, lines) = (openDescriptors(), bench.log.withLock { $0.count })
    let memory = residentPages()
    for _ in 0..<10_000 {
      bench.clocks.pass(.seconds(30))
      _ = await daemon.wake()
    }
    #expect(openDescriptors() <= descriptors + 4)
    #expect(bench.log.withLock { $0.count } <= lines + 2, "\(bench.log.withLock { $0.suffix(5) })")
    #expect(residentPages() - memory < 16_384, "64 MiB is far more than a leak-free loop takes")
  }

  @Test("a ledger that is locked is told of once, and that it is well again") func lockedLedger() async throws {
    let bench = try DaemonBench()
    // Half an hour late at each look, so that each has a miss to record.
    let drill = bench.plan("orders", "30 * * * *", missed: .skip)
    var daemon = SchedulerDaemon(bench.parts(), site: bench.reading([drill], runner: bench.runner))
    let holder = HostCommand(
      [
        "/usr/bin/python3", "-c", "import sqlite3,sys,time; c=sqlite3.connect(sys.argv[1]); c.execute('BEGIN EXCLUSIVE'); time.sleep(60)",
        bench.ledger.path,
      ],
      environment: HostCommand.environment)
    for _ in 0..<400 where bench.said("locked") == 0 {
      bench.clocks.pass(.seconds(3600))
      _ = await daemon.wake()
      try await Task.sleep(for: .milliseconds(25))
    }
    for _ in 0..<5 {
      bench.clocks.pass(.seconds(3600))
      _ = await daemon.wake()
    }
    #expect(bench.said("locked by another process") == 1, "\(bench.log.withLock { $0 })")
    holder.signal(SIGKILL)
    _ = await holder.result()
    for _ in 0..<3 { _ = await daemon.wake() }
    #expect(bench.said("ledger: well again") == 1)
  }

  @Test("a due drill that waits for others to end says so once, and for what") func waits() async throws {
    let bench = try DaemonBench()
    var reading = bench.reading([bench.plan("orders", "*/30 * * * *")], runner: bench.runner)
    reading.parallel = 1
    var daemon = SchedulerDaemon(bench.parts(), site: reading)
    _ = await daemon.wake()
    let other = Task { _ = try? await Task.sleep(for: .seconds(600)) }
    daemon.running["shop"] = other
    bench.clocks.pass(.seconds(1800))
    for _ in 0..<5 {
      _ = await daemon.wake()
      bench.clocks.pass(.seconds(30))
    }
    #expect(bench.said("orders: due") == 1 && bench.said("waits for one of these to end (parallel: 1): shop") == 1)
    #expect(daemon.running["orders"] == nil)
    other.cancel()
    daemon.running["shop"] = nil
    _ = await daemon.wake()
    #expect(daemon.running["orders"] != nil && daemon.waiting.isEmpty)
    await daemon.running["orders"]?.value
  }

  @Test("changed files are read when they have stopped changing; a wrong one keeps its old version, told once") func files() async throws {
    let bench = try DaemonBench()
    let (orders, shop) = (bench.plan("orders", "0 4 * * *"), bench.plan("shop", "0 5 * * *"))
    var daemon = SchedulerDaemon(bench.parts(), site: bench.reading([orders, shop], runner: bench.runner))
    await daemon.noticeFiles()
    let fault = SiteReading.FileFault(file: "drills/orders.yaml", text: "drills/orders.yaml:3:1: wrong")
    bench.next.withLock { $0 = bench.reading([bench.plan("new", "0 6 * * *")], faults: [fault], runner: bench.runner) }
    await daemon.reload("SIGHUP")
    await daemon.reload("SIGHUP")
    #expect(daemon.site.reading.drills.map(\.drill.name).sorted() == ["new", "orders"])
    #expect(bench.said("3:1: wrong") == 1 && bench.said("the version read before stays in force") == 1)
    #expect(bench.said("shop: removed") == 1 && bench.said("new: added") == 1)
    bench.next.withLock { $0 = bench.reading([], faults: [.init(file: "drillmark.yaml", text: "broken")], runner: nil) }
    bench.version.withLock { $0 = "2" }
    await daemon.noticeFiles()
    #expect(bench.said("broken") == 0)
    await daemon.noticeFiles()
    #expect(bench.said("broken") == 1 && daemon.site.reading.drills.count == 2)
    bench.next.withLock { $0 = bench.reading([orders], runner: bench.runner) }
    await daemon.reload("SIGHUP")
    #expect(daemon.site.outdated.isEmpty && daemon.site.reading.drills.map(\.drill.name) == ["orders"])
  }

  @Test("a drill that declares the name of one still in force is refused") func sameName() throws {
    let bench = try DaemonBench()
    let orders = bench.plan("orders", "0 4 * * *")
    var site = CurrentSite(bench.reading([orders], runner: bench.runner))
    var other = bench.plan("orders", "0 5 * * *")
    other.file = ConfigFile(shown: "drills/other.yaml", directory: bench.folder.path)
    site.take(bench.reading([other], faults: [.init(file: "drills/orders.yaml", text: "wrong")], runner: bench.runner))
    #expect(site.reading.drills.map(\.file.shown) == ["drills/orders.yaml"])
    #expect(site.reading.faults.contains { $0.file == "drills/other.yaml" })
  }

  private func openDescriptors() -> Int {
    (3..<1024).count { fcntl(Int32($0), F_GETFD) >= 0 }
  }

  private func residentPages() -> Int { Int(TextFile.read("/proc/self/statm").split(separator: " ").dropFirst().first ?? "0") ?? 0 }
}
