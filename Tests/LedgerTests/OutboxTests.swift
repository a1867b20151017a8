import DrillModel
import DrillTestSupport
import GRDB
import Ledger
import Synchronization
import Testing

@Suite("The outbox")
struct OutboxTests {
  private let fixture = LedgerFixture()
  private let span = Duration.seconds(300)

  private func message(_ id: String, drill: String = "orders", route: String = "sns") -> OwedNotification {
    OwedNotification(id: id, run: nil, drill: drill, event: "failed", route: route, payload: "{}", incident: "i")
  }

  private func owing(_ messages: [OwedNotification]) throws -> Ledger {
    let ledger = try fixture.open()
    for message in messages { _ = try ledger.owe(Debts(notifications: [message]), drill: message.drill, asOf: nil) }
    return ledger
  }

  private func lease(_ ledger: Ledger, _ session: OutboxSession, except: Set<String> = []) throws -> LeasedNotification? {
    try ledger.lease(session, for: span, farthest: .seconds(90_000), except: except)
  }

  @Test("owing twice is a no-op, and a newer run makes an outdated review one") func twice() throws {
    let ledger = try fixture.open()
    #expect(try ledger.owe(Debts(notifications: [message("a")]), drill: "orders", asOf: nil) == 1)
    #expect(try ledger.owe(Debts(notifications: [message("a")]), drill: "orders", asOf: nil) == 0)
    let sealed = try fixture.seal(in: ledger)
    #expect(try ledger.owe(Debts(notifications: [message("b")]), drill: "orders", asOf: nil) == 0)
    #expect(try ledger.owe(Debts(notifications: [message("b")]), drill: "orders", asOf: sealed.record.run) == 1)
    #expect(try fixture.audit().outcome == .holds)
  }

  @Test("each message is handed out once, those of a drill and route in order") func order() throws {
    let ledger = try owing([message("a"), message("b"), message("c", drill: "shop"), message("d", route: "mail")])
    let session = try ledger.beginDelivery()
    let first = try #require(try lease(ledger, session))
    #expect(first.notification.id == "a")
    try ledger.delivered(first)
    #expect(try lease(ledger, session)?.notification.id == "b")
    #expect(try ledger.outbox().oldest.map(\.notification.id) == ["b", "c", "d"])
  }

  @Test("a message that another living process holds is left alone; a dead one's is free at once") func others() throws {
    let ledger = try owing([message("a")])
    var other: OutboxSession? = try ledger.beginDelivery()
    let held = try #require(try other.flatMap { try lease(ledger, $0) })
    let session = try ledger.beginDelivery()
    #expect(try lease(ledger, session) == nil)
    other = nil
    #expect(try lease(ledger, session)?.notification.id == "a")
    #expect(try ledger.holds(held) == false)
    #expect(try ledger.delivered(held) == false)
    #expect(try ledger.outbox().oldest.first?.notification.state == .owed)
  }

  @Test("a lease that ran out is another's, and its old holder is fenced") func expired() throws {
    let ledger = try owing([message("a")])
    let stopped = try ledger.beginDelivery()
    let held = try #require(try ledger.lease(stopped, for: .seconds(1), farthest: span, except: []))
    for _ in 0..<3 { _ = fixture.clocks.now() }
    let session = try ledger.beginDelivery()
    let taken = try #require(try lease(ledger, session))
    #expect(try ledger.holds(taken) && !ledger.holds(held))
    #expect(try ledger.deferred(held, error: "x", maybeSent: false, until: fixture.clocks.now()) == false)
    #expect(try ledger.delivered(taken))
    #expect(try ledger.outbox().isEmpty)
  }

  @Test("what failed waits, and its receiver's other messages with it; a delivery lets all go") func deferring() throws {
    let ledger = try owing([message("a"), message("b", drill: "shop"), message("c", route: "mail")])
    let session = try ledger.beginDelivery()
    let first = try #require(try lease(ledger, session))
    try ledger.deferred(first, error: "down", maybeSent: true, until: fixture.clocks.now() + .seconds(600))
    #expect(try lease(ledger, session)?.notification.id == "c")
    let entry = try #require(try ledger.outbox().oldest.first)
    #expect(entry.notification.attempts == 1 && entry.maybeSent && entry.lastError == "down" && entry.lastAttempt != nil)
    _ = try ledger.retryAll(route: "sns")
    let other = try #require(try lease(ledger, session))
    #expect(other.notification.id == "b", "the one tried least comes first")
    try ledger.delivered(other)
    #expect(try lease(ledger, session)?.notification.id == "a")
  }

  @Test("a next attempt further ahead than any was set by a clock put back, and counts as due") func clockBack() throws {
    let ledger = try owing([message("a")])
    let session = try ledger.beginDelivery()
    let first = try #require(try lease(ledger, session))
    try ledger.deferred(first, error: "down", maybeSent: false, until: fixture.clocks.now() + .seconds(365 * 86_400))
    #expect(try lease(ledger, session)?.notification.id == "a")
  }

  @Test("parked for its receiver, it is let go when that takes a message; parked for itself, only by hand") func parking() throws {
    let ledger = try owing([message("a", drill: "x"), message("b", drill: "y"), message("c", drill: "z")])
    let session = try ledger.beginDelivery()
    try ledger.parked(#require(try lease(ledger, session)), for: .receiver, error: "no topic")
    try ledger.parked(#require(try lease(ledger, session)), for: .message, error: "too long")
    #expect(try ledger.outbox().oldest.map(\.parkedFor) == [.receiver, .message, nil])
    try ledger.delivered(#require(try lease(ledger, session)))
    #expect(try ledger.outbox().oldest.map(\.notification.state) == [.owed, .parked])
    #expect(try ledger.retryAll() == 2)
    #expect(try ledger.outbox().oldest.allSatisfy { $0.notification.state == .owed })
  }

  @Test("a parked message does not hold up those behind it") func parkedIsPassed() throws {
    let ledger = try owing([message("a"), message("b")])
    let session = try ledger.beginDelivery()
    try ledger.parked(#require(try lease(ledger, session)), for: .message, error: "too long")
    #expect(try lease(ledger, session)?.notification.id == "b")
  }

  @Test("a route that is no longer configured parks what is owed to it, and lets it go when it is put back") func unconfigured() throws {
    let ledger = try owing([message("a"), message("b", route: "mail")])
    try ledger.reconcile(routes: ["mail"])
    let parked = try #require(try ledger.outbox().oldest.first)
    #expect(
      parked.notification.state == .parked && parked.parkedFor == .unconfigured && parked.lastError?.contains("no such channel") == true)
    #expect(try ledger.outbox().oldest.last?.notification.state == .owed)
    try ledger.reconcile(routes: ["mail", "sns"])
    #expect(try ledger.outbox().oldest.allSatisfy { $0.notification.state == .owed })
  }

  @Test("looking for something to send, and keeping routes as they are, writes nothing") func quiet() throws {
    let ledger = try fixture.open()
    try fixture.seal(in: ledger)
    let steps = StepLog()
    let watched = try fixture.open(Ledger.Options(crashPoint: { steps.add($0) }))
    try watched.reconcile(routes: ["sns"])
    #expect(try lease(watched, watched.beginDelivery()) == nil)
    #expect(try watched.owe(Debts(), drill: "orders", asOf: nil) == 0)
    #expect(steps.all == [])
  }

  @Test("a hundred thousand owed messages are counted, looked at and sent from without being in memory") func many() throws {
    let ledger = try fixture.open()
    try fixture.tamper(
      """
      INSERT INTO owed_notification (id, run, drill, event, route, payload, digest, state, attempts, created)
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
      SELECT 'm' || i, '', 'd' || (i % 50), 'failed', 'sns', zeroblob(1000), zeroblob(32), iif(i % 1000 = 0, 'parked', 'owed'), 0, i FROM n
      """)
    let session = try ledger.beginDelivery()
    let before = residentPages()
    let start = ContinuousClock.now
    try ledger.reconcile(routes: ["sns"])
    #expect(try ledger.isDeliveryDue(farthest: span) && ledger.routesOwed("d7") == ["sns"] && ledger.routesOwed("none").isEmpty)
    let outbox = try ledger.outbox(showing: 20)
    #expect(outbox.count == 100_000 && outbox.parked == 100 && outbox.oldest.map(\.notification.id).prefix(2) == ["m1", "m2"])
    for id in ["m1", "m2"] {
      let taken = try #require(try lease(ledger, session))
      #expect(taken.notification.id == id)
      try ledger.delivered(taken)
    }
    #expect(residentPages() - before < 8192, "32 MiB is a third of the payloads")
    #expect(ContinuousClock.now - start < .seconds(30))
  }

  private func residentPages() -> Int { Int(TextFile.read("/proc/self/statm").split(separator: " ").dropFirst().first ?? "0") ?? 0 }

  @Test("nothing is due while all wait for their next attempt, or are parked") func notDue() throws {
    let ledger = try owing([message("a"), message("b", route: "mail")])
    let session = try ledger.beginDelivery()
    try ledger.deferred(#require(try lease(ledger, session)), error: "down", maybeSent: false, until: fixture.clocks.now() + .seconds(600))
    #expect(try ledger.isDeliveryDue(farthest: .seconds(90_000)))
    try ledger.parked(#require(try lease(ledger, session)), for: .receiver, error: "no")
    #expect(try !ledger.isDeliveryDue(farthest: .seconds(90_000)))
    #expect(try ledger.isDeliveryDue(farthest: .seconds(60)), "further ahead than any: the clock was put back")
    #expect(try ledger.routesOwed("orders") == ["sns"])
  }

  @Test("incidents open, change and close with the seal") func incidents() throws {
    let ledger = try fixture.open()
    let claim = try fixture.claim(in: ledger)
    let record = fixture.record(claim, .failed)
    let incident = Incident(id: "i", drill: "orders", cause: "failed", since: record.finishedAt, told: record.finishedAt)
    _ = try ledger.seal(record, under: claim) { context in
      #expect(context.incident == nil)
      return Debts(
        notifications: [
          OwedNotification(id: "e", run: nil, drill: "orders", event: "escalated", route: "boss", payload: "{}", incident: "i")
        ],
        incident: .set(incident))
    }
    #expect(try ledger.incident("orders") == incident)
    let next = try fixture.claim(in: ledger)
    _ = try ledger.seal(fixture.record(next), under: next) { context in
      #expect(context.incident == incident && context.escalated == ["boss"])
      return Debts(incident: .close)
    }
    #expect(try ledger.incident("orders") == nil)
  }
}

@Suite("A ledger of the version before delivery")
struct EarlierSchemaTests {
  private let fixture = LedgerFixture()

  /// Takes back what migration 2 added.
  private func makeOld() throws {
    let ledger = try fixture.open()
    let owed = OwedNotification(id: "a", run: nil, drill: "orders", event: "failed", route: "sns:t", payload: "{}")
    try fixture.seal("orders", .failed, in: ledger) { _ in [owed] }
    for column in ["incident", "last_attempt", "last_error", "maybe_sent", "parked_for", "lease", "lease_until", "sent_at"] {
      for index in ["order", "incident"] { try fixture.tamper("DROP INDEX IF EXISTS owed_notification_\(index)") }
      try fixture.tamper("ALTER TABLE owed_notification DROP COLUMN \(column)")
    }
    try fixture.tamper("DROP TABLE incident")
    try fixture.tamper("DELETE FROM grdb_migrations WHERE identifier LIKE '2 %'")
    try fixture.tamper("PRAGMA user_version = 1")
    try fixture.tamper("PRAGMA wal_checkpoint(TRUNCATE)")
  }

  @Test("is read as it is, and carried over when it is written to, with what it owes") func carriedOver() throws {
    try makeOld()
    let reading = try #require(try Ledger.openForReading(at: fixture.path, clocks: fixture.clocks))
    #expect(try reading.outbox().oldest.map(\.notification.id) == ["a"])
    #expect(try reading.incident("orders") == nil)
    let ledger = try fixture.open()
    #expect(try ledger.lease(ledger.beginDelivery(), for: .seconds(9), farthest: .seconds(9), except: [])?.notification.id == "a")
    #expect(try fixture.value("PRAGMA user_version") == 2)
    #expect(try fixture.audit().findings.isEmpty)
  }
}

/// Names in the order in which they were added.
final class StepLog: Sendable {
  private let names = Mutex<[String]>([])

  var all: [String] { names.withLock { $0 } }
  func add(_ name: String) { names.withLock { $0.append(name) } }
}
