import Alerting
import DrillModel
import DrillTestSupport
import HTTPTransport
import Ledger
import Synchronization
import Testing

@testable import Notifications

/// Clocks that a test moves by hand.
final class HandClocks: Clocks {
  private let state = Mutex((wall: Int64(1_795_000_000_000), elapsed: Duration.zero))

  func now() -> Timestamp { state.withLock { Timestamp(milliseconds: $0.wall) } }
  func elapsed() -> Duration { state.withLock { $0.elapsed } }
  func move(_ span: Duration) {
    state.withLock {
      $0.wall += span.inMilliseconds
      $0.elapsed += span
    }
  }
}

/// Answers as it is told, and keeps the ids that it was given.
final class FakeSender: NotificationSender {
  private let told = Mutex<[String]>([])
  private let answer: @Sendable (Int) -> SendOutcome

  init(_ answer: @escaping @Sendable (Int) -> SendOutcome) { self.answer = answer }

  var ids: [String] { told.withLock { $0 } }

  func send(_ notice: Notice, within limit: Duration, _ cancellation: Cancellation?) -> SendOutcome {
    let count = told.withLock { told in
      told.append(notice.id)
      return told.count
    }
    return answer(count)
  }
}

@Suite("Delivering")
struct DeliveryTests {
  private let folder = TemporaryFolder("dmd")
  private let clocks = HandClocks()

  private func ledger(owing ids: [(id: String, drill: String)]) throws -> Ledger {
    let ledger = try Ledger.open(at: "\(folder.path)/state/l.sqlite", clocks: clocks)
    for (id, drill) in ids { try owe(id, drill, ledger) }
    return ledger
  }

  private func owe(_ id: String, _ drill: String, _ ledger: Ledger, route: String = "r") throws {
    var notice = ChannelContractTests.notice(drill)
    notice.id = id
    let owed = OwedNotification(id: id, run: nil, drill: drill, event: "failed", route: route, payload: try notice.json)
    _ = try ledger.owe(Debts(notifications: [owed]), drill: drill, asOf: nil)
  }

  private func pass(_ ledger: Ledger, _ sender: any NotificationSender, route: String = "r") -> DeliveryReport {
    Delivery(ledger: ledger, senders: [route: sender], clocks: clocks, random: { 0.5 }).deliver(within: .seconds(30))
  }

  private static let busy = SendOutcome.later("Throttling: slow down", maybeSent: false, after: nil)

  @Test("throttled twenty times: one message in the end, order kept, each attempt later than the one before") func throttled() throws {
    let ledger = try ledger(owing: [("a", "orders"), ("b", "orders")])
    let sender = FakeSender { $0 <= 20 ? DeliveryTests.busy : .delivered("ok") }
    for _ in 0..<400 where try !ledger.outbox().isEmpty {
      _ = pass(ledger, sender)
      clocks.move(.seconds(60))
    }
    #expect(sender.ids == Array(repeating: "a", count: 21) + ["b"])
  }

  @Test("down for three days: nothing is dropped, the age shows, and all goes out in order once it is back") func threeDays() throws {
    let ledger = try ledger(owing: [])
    let up = FlagBox()
    let sender = FakeSender { _ in up.isSet ? .delivered("ok") : .later("down", maybeSent: true, after: nil) }
    for hour in 0..<72 {
      try owe("m\(hour < 10 ? "0" : "")\(hour)", "orders", ledger)
      _ = pass(ledger, sender)
      clocks.move(.seconds(3600))
    }
    let waiting = try ledger.outbox().oldest
    #expect(waiting.count == 72 && waiting.first?.maybeSent == true && waiting.first?.lastError == "down")
    #expect(clocks.now() - (waiting.first?.created ?? clocks.now()) == .seconds(72 * 3600))
    up.set()
    let before = sender.ids.count
    #expect(pass(ledger, sender).line == nil)
    #expect(Array(sender.ids.dropFirst(before)) == waiting.map(\.notification.id))
  }

  @Test("a topic that is gone parks what is owed to it, and it goes out once a message is taken again") func gone() throws {
    let ledger = try ledger(owing: [("a", "orders"), ("b", "shop")])
    let up = FlagBox()
    let sender = FakeSender { _ in up.isSet ? .delivered("ok") : .refused("NotFound: no such topic", .receiver) }
    let report = pass(ledger, sender)
    #expect(report.waiting.oldest.allSatisfy { $0.notification.state == .parked && $0.lastError == "NotFound: no such topic" })
    #expect(report.line?.contains("NotFound") == true)
    for _ in 0..<9 {
      clocks.move(.seconds(86_400))
      _ = pass(ledger, sender)
    }
    #expect(sender.ids.count == 2)
    up.set()
    try owe("c", "orders", ledger)
    #expect(pass(ledger, sender).waiting.isEmpty)
    #expect(Set(sender.ids.suffix(3)) == ["a", "b", "c"])
  }

  @Test("a message that never goes through holds up neither others nor, once parked, its own drill") func poison() throws {
    let ledger = try ledger(owing: [("poison", "x"), ("a", "y"), ("b", "z")])
    let sender = FakeSender { _ in .delivered("ok") }
    let choosy = ChoosySender(sender)
    for _ in 0..<3 {
      _ = pass(ledger, choosy)
      clocks.move(.seconds(60))
    }
    #expect(sender.ids == ["a", "b"])
    #expect(try ledger.outbox().oldest.map(\.notification.id) == ["poison"])
  }

  @Test("two deliverers at once send each message once") func two() async throws {
    let ledger = try ledger(owing: (0..<40).map { ("m\($0)", "d\($0 % 5)") })
    let other = try Ledger.open(at: ledger.path, clocks: clocks)
    let sender = FakeSender { _ in .delivered("ok") }
    await withTaskGroup(of: Void.self) { group in
      for each in [ledger, other] { group.addTask { _ = pass(each, sender) } }
    }
    _ = pass(ledger, sender)
    #expect(sender.ids.count == 40 && Set(sender.ids).count == 40)
    #expect(try ledger.outbox().isEmpty)
  }

  @Test("a route that is not in the site file any more is parked with that reason") func unconfigured() throws {
    let ledger = try ledger(owing: [("a", "orders")])
    let sender = FakeSender { _ in .delivered("ok") }
    let report = pass(ledger, sender, route: "other")
    #expect(report.waiting.oldest.first?.parkedFor == .unconfigured && sender.ids.isEmpty)
    #expect(pass(ledger, sender).waiting.isEmpty)
  }

  @Test("a payload that is no notice is parked, not sent and not retried") func unreadable() throws {
    let ledger = try ledger(owing: [])
    let owed = OwedNotification(id: "x", run: nil, drill: "d", event: "failed", route: "r", payload: "{}")
    _ = try ledger.owe(Debts(notifications: [owed]), drill: "d", asOf: nil)
    let sender = FakeSender { _ in .delivered("ok") }
    #expect(pass(ledger, sender).waiting.oldest.first?.parkedFor == .message && sender.ids.isEmpty)
  }

  @Test("delays grow, are capped, and follow what the receiver says") func delays() {
    #expect(Delivery.delay(after: 1, chance: 0.5) == .seconds(30))
    #expect(Delivery.delay(after: 3, chance: 0.5) == .seconds(120))
    #expect(Delivery.delay(after: 4000, chance: 0.5) == .seconds(900))
    #expect(Delivery.delay(after: 1, chance: 0) == .seconds(24) && Delivery.delay(after: 1, chance: 1) == .seconds(36))
    #expect(Delivery.delay(after: 1, chance: 0.5, atLeast: .seconds(5000)) == .seconds(5000))
  }
}

/// A flag that closures share.
final class FlagBox: Sendable {
  private let flag = Mutex(false)

  var isSet: Bool { flag.withLock { $0 } }
  func set() { flag.withLock { $0 = true } }
}

/// Puts off one message for ever and hands the others on.
struct ChoosySender: NotificationSender {
  let next: FakeSender

  init(_ next: FakeSender) { self.next = next }

  func send(_ notice: Notice, within limit: Duration, _ cancellation: Cancellation?) -> SendOutcome {
    notice.id == "poison" ? .later("500", maybeSent: false, after: nil) : next.send(notice, within: limit, cancellation)
  }
}
