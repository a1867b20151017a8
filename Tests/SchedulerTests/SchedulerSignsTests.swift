import DrillModel
import DrillTestSupport
import Glibc
import Ledger
import Testing

@testable import Scheduler

@Suite("Signs of life")
struct SchedulerSignsTests {
  private let now = SchedulerBench.start

  private func sighting(_ age: Duration, daemon: Bool = true, alive: Bool = true) -> SchedulerSighting {
    var sighting = SchedulerSighting(host: "h", pid: 7, startedAt: now - .seconds(90_000), lastLook: now - age, isDaemon: daemon)
    sighting.isAlive = alive
    return sighting
  }

  @Test("a daemon that wakes serves the schedules; one that is dead or hangs, or an old look of a timer, does not") func served() {
    for (seen, isServed, text) in [
      ([sighting(.seconds(20))], true, "runs since"), ([sighting(.seconds(400))], false, "has not looked since"),
      ([sighting(.seconds(20), alive: false)], false, "is dead"),
      ([sighting(.seconds(20), daemon: false, alive: false)], true, "run --due"),
      ([sighting(.seconds(9000), daemon: false, alive: false)], false, "run --due"),
    ] as [([SchedulerSighting], Bool, String)] {
      #expect(SchedulerReport.isServed(seen, now: now) == isServed, "\(text)")
      #expect(SchedulerReport.lines(seen, now: now).first?.contains(text) == true)
    }
    #expect(!SchedulerReport.isServed([], now: now) && SchedulerReport.lines([], now: now).isEmpty)
  }

  @Test("a living daemon is not doubted for one that died before it") func deadBefore() {
    let lines = SchedulerReport.lines([sighting(.seconds(5)), sighting(.seconds(90_000), alive: false)], now: now)
    #expect(lines.count == 1 && lines[0].contains("runs since"))
  }

  @Test("the sign is seen while its holder lives, goes at a proper end, and stays as dead without one") func sign() throws {
    let bench = try SchedulerBench()
    var presence: SchedulerPresence? = try bench.ledger.announceScheduler()
    presence?.beat(sighting(.zero))
    #expect(bench.ledger.schedulers().first?.isAlive == true)
    presence = nil
    #expect(bench.ledger.schedulers().first?.isAlive == false)
    let second = try bench.ledger.announceScheduler()
    second.beat(sighting(.zero))
    try bench.ledger.noteLook(sighting(.zero, daemon: false))
    #expect(bench.ledger.schedulers().map(\.isDaemon).sorted { $0 && !$1 } == [true, false])
    second.withdraw()
    #expect(bench.ledger.schedulers().map(\.isDaemon) == [false])
  }

  @Test("systemd hears that we are ready, alive and stopping, at a path and at an abstract name", arguments: [false, true])
  func notify(_ isAbstract: Bool) throws {
    let folder = TemporaryFolder("dmnotify")
    let name = isAbstract ? "@drillmark-\(getpid())" : "\(folder.path)/s"
    let descriptor = try listener(name)
    defer { close(descriptor) }
    let environment = ["NOTIFY_SOCKET": name, "WATCHDOG_USEC": "40000000", "WATCHDOG_PID": String(getpid())]
    let manager = ServiceManager(environment: environment, pid: getpid())
    #expect(manager.watchdog == .seconds(40))
    manager.ready()
    manager.alive("waiting")
    manager.stopping()
    #expect([received(descriptor), received(descriptor), received(descriptor)] == ["READY=1", "WATCHDOG=1\nSTATUS=waiting", "STOPPING=1"])
    #expect(ServiceManager(environment: environment, pid: getpid() + 1).watchdog == nil)
    #expect(ServiceManager(environment: [:], pid: getpid()).watchdog == nil)
    ServiceManager(environment: ["NOTIFY_SOCKET": "/nowhere/at/all"], pid: 1).ready()
  }

  private func listener(_ name: String) throws -> Int32 {
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var bytes = Array(name.utf8)
    if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
    let code = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
    }
    try #require(descriptor >= 0 && code == 0)
    return descriptor
  }

  private func received(_ descriptor: Int32) -> String {
    var buffer = [UInt8](repeating: 0, count: 256)
    let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
    return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
  }
}
