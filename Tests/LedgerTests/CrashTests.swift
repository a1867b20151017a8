import DrillModel
import Foundation
import Ledger
import Synchronization
import Testing

/// Copies what is on disk at every crash point, as a process killed there would leave it.
private final class Snapshots: Sendable {
  let source: String
  let target: String
  let names = Mutex<[String]>([])

  init(_ fixture: LedgerFixture) {
    source = "\(fixture.directory)/state"
    target = "\(fixture.directory)/snapshots"
  }

  func take(_ point: String) {
    names.withLock { names in
      let place = "\(target)/\(names.count)"
      try? FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
      // Without the shared memory file: it does not survive a power loss, and SQLite builds it anew.
      for file in (try? FileManager.default.contentsOfDirectory(atPath: source)) ?? [] where !file.hasSuffix("-shm") && file != "locks" {
        try? FileManager.default.copyItem(atPath: "\(source)/\(file)", toPath: "\(place)/\(file)")
      }
      names.append(point)
    }
  }
}

@Suite("Crashes")
struct CrashTests {
  let fixture = LedgerFixture()

  /// A whole run with every durable step.
  private func runOnce(_ ledger: Ledger) throws {
    let claim = try fixture.claim(in: ledger, due: Timestamp(seconds: 1))
    let resource = ScratchResource(kind: "directory", name: "/scratch/x")
    try ledger.intend(resource, for: claim)
    try ledger.made(resource, for: claim)
    try ledger.storeCore(fixture.record(claim), for: claim)
    try ledger.destroying(resource, for: claim)
    try ledger.gone(resource, for: claim)
    _ = try ledger.seal(fixture.record(claim, .failed), under: claim) { context in
      let owed = OwedNotification(
        id: "n", run: claim.run, drill: "orders", event: "failed", route: "sns", payload: context.head.hash)
      return Debts(notifications: [owed])
    }
  }

  @Test("killed at any durable step, the next start finds all or nothing of it") func everyStep() throws {
    let snapshots = Snapshots(fixture)
    try runOnce(fixture.open(Ledger.Options(crashPoint: { snapshots.take($0) })))
    let names = snapshots.names.withLock { $0 }
    #expect(names.count >= 20)
    for (number, name) in names.enumerated() {
      let path = "\(snapshots.target)/\(number)/ledger.sqlite"
      let ledger = try Ledger.open(at: path, clocks: fixture.clocks)
      let sealed = try ledger.latest("orders")
      #expect(try ledger.outbox().count == (sealed == nil ? 0 : 1), "\(name)")
      #expect(try ledger.unfinished().isEmpty || sealed == nil, "\(name)")
      try finish(ledger, name)
      #expect(try ledger.audit().outcome == .holds, "\(name)")
    }
  }

  // What the next start does: adopt what is dead, clean up after it, seal it.
  private func finish(_ ledger: Ledger, _ name: String) throws {
    for unfinished in try ledger.unfinished() {
      #expect(!unfinished.isAlive, "\(name)")
      let claim = try #require(try ledger.adopt(unfinished), "\(name)")
      for resource in unfinished.resources { try ledger.gone(resource, for: claim) }
      _ = try ledger.seal(unfinished.core ?? fixture.record(claim, .interrupted), under: claim)
    }
    #expect(try ledger.unfinished().isEmpty && ledger.leftovers().isEmpty, "\(name)")
    let claimable = try ledger.claim(drill: "orders", run: fixture.newRun(), trigger: .manual, host: "h")
    guard case .claimed = claimable else {
      Issue.record("the drill stays busy after \(name)")
      return
    }
  }

  @Test("killed while the ledger is made, the next start makes it") func halfMade() throws {
    let snapshots = Snapshots(fixture)
    _ = try fixture.open(Ledger.Options(crashPoint: { snapshots.take($0) }))
    #expect(snapshots.names.withLock { $0 } == ["before create", "inside create", "after create"])
    for number in 0..<3 {
      let ledger = try Ledger.open(at: "\(snapshots.target)/\(number)/ledger.sqlite", clocks: fixture.clocks)
      try fixture.seal(in: ledger)
    }
  }

  @Test("a lock file that a crash left behind is swept, one in use is not") func sweep() throws {
    let ledger = try fixture.open()
    let claim = try fixture.claim(in: ledger)
    let locks = "\(fixture.directory)/state/locks"
    let stale = fixture.newRun()
    _ = FileManager.default.createFile(atPath: "\(locks)/\(stale).lock", contents: nil)
    _ = try fixture.open()
    #expect(try FileManager.default.contentsOfDirectory(atPath: locks).sorted() == ["\(claim.run).lock", "create.lock"])
  }

  @Test("a log that is lost takes its steps with it, and a told head shows it") func lostLog() throws {
    let ledger = try fixture.open()
    try fixture.seal(in: ledger)
    let copy = "\(fixture.directory)/copy.sqlite"
    try FileManager.default.copyItem(atPath: fixture.path, toPath: copy)
    let head = try fixture.seal(in: ledger).chain.hash
    let old = try #require(try Ledger.openForReading(at: copy, clocks: fixture.clocks))
    #expect(try old.audit(head: head).outcome == .broken)
  }
}
