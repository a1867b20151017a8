import DrillConfig
import DrillModel
import Drilling
import Ledger
import Scheduler
import Synchronization
import ToolRunner

extension ScheduleDuties {
  /// What a daemon of this site owes to people after each look and each run.
  static func ofSite(ledger: Ledger, clocks: any Clocks) -> ScheduleDuties {
    let said = LastLine()
    return ScheduleDuties(
      workOut: { reading in
        guard var alerts = reading.alerts else { return [] }
        // Drills whose file is wrong now are still watched as they were declared.
        alerts.drills = Dictionary(reading.drills.map { ($0.drill.name, $0.drill) }) { first, _ in first }
        let review = AlertReview(ledger: ledger, alerts: alerts, host: ProgramPath.host, clocks: clocks)
        let (owed, problems) = try await onThread("review") { review.owe() }
        return (owed == 0 ? [] : ["\(owed) \(owed == 1 ? "message is" : "messages are") newly owed"]) + problems
      },
      deliver: { reading in
        let line = await reading.deliver?()
        return [line].compactMap(\.self).filter(said.isNews)
      })
  }
}

/// What was said last, so that a message that waits for days is not a line each half minute.
private final class LastLine: Sendable {
  private let text = Mutex("")

  func isNews(_ line: String) -> Bool {
    text.withLock { text in
      defer { text = line }
      return text != line
    }
  }
}
