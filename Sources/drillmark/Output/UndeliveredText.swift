import DrillModel
import Ledger

/// The messages that nobody has acknowledged, for people: how long, how often tried, and why.
struct UndeliveredText {
  private let outbox: Outbox
  private let now: Timestamp

  init(_ outbox: Outbox, now: Timestamp) {
    self.outbox = outbox
    self.now = now
  }

  /// How many messages are shown one by one.
  private static let limit = 20

  var lines: [String] {
    if outbox.isEmpty { return [] }
    let count = outbox.count == 1 ? "1 notification is" : "\(outbox.count) notifications are"
    let parked = outbox.parked > 0 ? ", \(outbox.parked) of them parked (`drillmark notify retry` tries again)" : ""
    let shown = outbox.oldest.prefix(UndeliveredText.limit)
    let lines = ["\(count) not delivered\(parked)"] + shown.map { Terminal.inert("  \(line($0))") }
    return outbox.count > shown.count ? lines + ["  and \(outbox.count - shown.count) more"] : lines
  }

  private func line(_ entry: OutboxEntry) -> String {
    let owed = entry.notification
    let age = max(.zero, now - entry.created).readable
    let what =
      "\(owed.state == .parked ? "parked" : "owed"): \(owed.event.replacing("_", with: " ")) of \(owed.drill.prefix(60)) to \(owed.route.prefix(120))"
    var parts = ["for \(age)"]
    if owed.attempts > 0 { parts.append("tried \(owed.attempts == 1 ? "once" : "\(owed.attempts) times")") }
    if entry.maybeSent { parts.append("maybe sent") }
    if let next = owed.nextAttempt, owed.state == .owed, next > now { parts.append("next \(next.readable)") }
    return "\(what), \(parts.joined(separator: ", ")): \(entry.lastError ?? "not tried yet")"
  }
}
