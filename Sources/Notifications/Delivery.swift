import Alerting
package import DrillModel
package import HTTPTransport
package import Ledger

/// Delivers what the ledger owes: takes a message, sends it, marks it. Several processes may do so at once.
///
/// Blocks: call it on a thread of its own. Nothing is ever dropped; what does not go through waits, longer each time and at most a
/// quarter of an hour, and what is refused is parked.
package struct Delivery: Sendable {
  private let ledger: Ledger
  private let senders: [String: any NotificationSender]
  private let clocks: any Clocks
  private let random: @Sendable () -> Double
  private let crashPoint: @Sendable (String) -> Void

  /// - Parameters:
  ///   - senders: One for every receiver that the site file names, by its key.
  ///   - random: Even over 0 up to 1.
  package init(
    ledger: Ledger, senders: [String: any NotificationSender], clocks: any Clocks, random: @escaping @Sendable () -> Double,
    crashPoint: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.ledger = ledger
    self.senders = senders
    self.clocks = clocks
    self.random = random
    self.crashPoint = crashPoint
  }

  /// How long a message is ours once it was taken: longer than any attempt.
  static let leaseSpan = Duration.seconds(300)
  /// No next attempt is set further ahead.
  static let farthest = Duration.seconds(86_400)
  /// What is set further ahead than this was set by a clock that has been put back.
  static let farthestAttempt = farthest + .seconds(3600)
  /// How many of the messages that are left a report holds.
  private static let shown = 20

  /// Whether a pass has anything to do, so that the secrets of channels need not be fetched for nothing.
  ///
  /// - Parameter routes: The keys of the receivers that the site file names.
  /// - Throws: `Fault` when the ledger does not answer.
  package static func isDue(_ ledger: Ledger, routes: Set<String>) throws -> Bool {
    try ledger.reconcile(routes: routes)
    return try ledger.isDeliveryDue(farthest: farthestAttempt)
  }

  /// What a pass with nothing to do comes to.
  ///
  /// - Throws: `Fault` when the ledger does not answer.
  package static func rest(_ ledger: Ledger) throws -> DeliveryReport {
    var report = DeliveryReport()
    report.waiting = try ledger.outbox(showing: shown)
    return report
  }

  /// One pass over everything that is due, for at most about `limit`. What is left stays owed.
  package func deliver(within limit: Duration, _ cancellation: Cancellation? = nil) -> DeliveryReport {
    var report = DeliveryReport()
    do {
      try ledger.reconcile(routes: Set(senders.keys))
      if try ledger.isDeliveryDue(farthest: Delivery.farthestAttempt) {
        try pass(ledger.beginDelivery(), until: clocks.elapsed() + limit, cancellation, &report)
      }
      report.waiting = try ledger.outbox(showing: Delivery.shown)
    } catch {
      report.problem = (error as? Fault)?.description ?? "the ledger did not answer"
    }
    return report
  }

  private func pass(_ session: OutboxSession, until end: Duration, _ cancellation: Cancellation?, _ report: inout DeliveryReport) throws {
    var troubled: Set<String> = []
    while cancellation?.isCancelled != true {
      let left = end - clocks.elapsed()
      guard left >= .seconds(1),
        let lease = try ledger.lease(session, for: Delivery.leaseSpan, farthest: Delivery.farthestAttempt, except: troubled)
      else { return }
      let outcome = try send(lease, within: left, cancellation)
      crashPoint("sent, not marked")
      let route = lease.notification.route
      switch outcome {
      case .delivered(let reply):
        if try ledger.delivered(lease) { report.delivered.append(Delivered(route: route, reply: reply)) }
      case .later(let why, let maybeSent, let after):
        troubled.insert(route)
        let delay = Delivery.delay(after: lease.notification.attempts + 1, chance: random(), atLeast: after)
        try ledger.deferred(lease, error: why, maybeSent: maybeSent, until: clocks.now() + delay)
      case .refused(let why, let reason):
        try ledger.parked(lease, for: reason, error: why)
      case nil:
        troubled.insert(route)
      }
    }
  }

  /// Nil when the lease is not ours any more: this process was stopped longer than it lasts.
  private func send(_ lease: LeasedNotification, within limit: Duration, _ cancellation: Cancellation?) throws -> SendOutcome? {
    let taken = clocks.elapsed()
    let notice: Notice
    do { notice = try Notice(json: lease.notification.payload) } catch {
      return .refused((error as? Fault)?.description ?? "the message cannot be read", .message)
    }
    guard let sender = senders[lease.notification.route] else { return nil }
    guard try ledger.holds(lease), clocks.elapsed() - taken < Delivery.leaseSpan else { return nil }
    return sender.send(notice, within: limit, cancellation)
  }

  /// How long to wait after the `attempt`-th attempt, counted from 1: half a minute, doubled each time up to a quarter of an hour, give
  /// or take a fifth; or as long as the receiver says.
  package static func delay(after attempt: Int, chance: Double, atLeast: Duration? = nil) -> Duration {
    let doublings = min(max(0, attempt - 1), 10)
    let base = min(30 * (1 << doublings), 900)
    let delay = Duration.milliseconds(Int64(Double(base) * (800 + 400 * chance)))
    return min(farthest, max(delay, atLeast ?? .zero))
  }
}

/// A message that a receiver has acknowledged.
package struct Delivered: Sendable, Hashable {
  package let route: String
  /// What the receiver said.
  package let reply: String
}

/// What a pass of delivering came to.
package struct DeliveryReport: Sendable {
  package var delivered: [Delivered] = []
  /// What is still owed or parked.
  package var waiting = Outbox()
  /// Why the outbox could not be worked through at all.
  package var problem: String?

  package init() {}

  /// One line for people about what did not go through; nil when nothing is left.
  package var line: String? {
    if let problem { return "what is owed to people could not be delivered: \(problem)" }
    guard let first = waiting.oldest.first else { return nil }
    let isOne = waiting.count == 1
    let count = isOne ? "1 notification is" : "\(waiting.count) notifications are"
    let why = InertText.of(first.lastError ?? "not tried yet", limit: 300)
    return
      "\(count) not delivered (\(InertText.of(first.notification.route, limit: 120)): \(why)); \(isOne ? "it is" : "they are") kept and tried again, `drillmark status` shows more"
  }
}
