import DrillModel
import Ledger

/// The messages that nobody has acknowledged, for people: how long, how often tried, and why.
struct UndeliveredText {
  private let entries: [OutboxEntry]
  private let now: Timestamp

  init(_ entries: [OutboxEntry], now: Timestamp) {
    self.entries = entries
    self.now = now
  }

  /// How many messages are shown one by one.
  private static let limit = 20

  var lines: [String] {
    if entries.isEmpty { return [] }
    let parked = entries.count { $0.notification.state == .parked }
    let count = entries.count == 1 ? "1 notification is" : "\(entries.count) notifications are"
    var lines = ["\(count) not delivered" + (parked > 0 ? ", \(parked) of them parked (`drillmark notify retry` tries again)" : "")]
    lines += entries.prefix(UndeliveredText.limit).map { Terminal.inert("  \(line($0))") }
    if entries.count > UndeliveredText.limit { lines.append("  and \(entries.count - UndeliveredText.limit) more") }
    return lines
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
