import DrillConfig
import DrillModel

/// A notice in words for somebody who is woken by it.
package struct NoticeText: Sendable {
  let notice: Notice

  package init(_ notice: Notice) { self.notice = notice }

  /// One line of at most 99 ASCII characters that begins with a letter and says what failed and by how much (SNS's rule for subjects).
  package var subject: String { InertText.ascii("\(prefix)\(InertText.ascii(name, limit: 40)) \(headline)", limit: 99) }

  /// The same line in any script, at most 200 bytes, for mail and chat.
  package var title: String { InertText.of("\(prefix)\(InertText.of(notice.drill, limit: 80)) \(headline)", limit: 200) }

  /// The same for a phone: at most 140 ASCII characters (SNS's limit for one message), with where to look.
  package var short: String {
    let end = notice.run.map { ". drillmark show \($0.text)" } ?? ""
    return InertText.ascii("\(prefix)\(InertText.ascii(name, limit: 40)) \(headline)", limit: 140 - end.count) + end
  }

  private var name: String { notice.drill }

  private var prefix: String {
    switch notice.event {
    case .test: "Test of channel "
    case .escalated: "Escalation: drill "
    default: "Drill "
    }
  }

  private var headline: String {
    switch notice.event {
    case .test: "can be reached; nothing is wrong"
    case .recovered: "RECOVERED" + (notice.since.map { " after \(ago($0))" } ?? "")
    case .passed: "passed"
    case .skipped: "was skipped"
    case .overdue: "OVERDUE" + (notice.due.map { ": nothing answered \($0.readable)" } ?? "")
    case .reminder, .escalated: "STILL \(state)" + (notice.since.map { " after \(ago($0))" } ?? "") + detail
    case .failed, .couldNotVerify, .cannotDrill, .interrupted: state + detail
    }
  }

  /// What holds, in capitals.
  private var state: String {
    if notice.verdict == nil { return "OVERDUE" }
    return (notice.verdict?.rawValue ?? "").replacing("_", with: " ").uppercased()
  }

  private var detail: String { NoticeFigures(notice).shortest.map { ": \($0)" } ?? "" }

  private func ago(_ instant: Timestamp) -> String { max(.zero, notice.toldAt - instant).readable }

  /// The whole message as plain text of lines that end with a line feed.
  package var body: String {
    var parts = [[opening]]
    let figures = NoticeFigures(notice).lines
    if !figures.isEmpty { parts.append(figures) }
    if !notice.reasons.isEmpty { parts.append(["Why:"] + reasonLines) }
    if !facts.isEmpty { parts.append(facts) }
    if !notice.next.isEmpty { parts.append(["Next:        \(notice.next)"]) }
    parts += [["See more, on \(notice.evidence.host):", "  \(notice.command)"], evidence]
    return parts.map { $0.joined(separator: "\n") }.joined(separator: "\n\n") + "\n"
  }

  private var opening: String {
    let drill = "Drill \(notice.drill)"
    return switch notice.event {
    case .test: "This is a test of the channel \(notice.drill). Nothing is wrong, and nothing needs to be done."
    case .recovered: "\(drill) has recovered: its last run passed."
    case .passed: "\(drill) passed."
    case .skipped: "\(drill) was skipped."
    case .overdue: "\(drill) is OVERDUE: no run has shown since its due time whether this backup restores."
    case .reminder: "\(drill) is still \(state). This is a reminder."
    case .escalated: "\(drill) is still \(state). You are told because it has not recovered within \(afterText)."
    case .failed: "\(drill) FAILED: this backup would not have kept its promise."
    case .couldNotVerify: "\(drill) COULD NOT VERIFY what it restored. Whether the backup is good is not known."
    case .cannotDrill: "\(drill) CANNOT DRILL: something on our side is missing. Whether the backup is good is not known."
    case .interrupted: "\(drill) was INTERRUPTED. Whether the backup is good is not known."
    }
  }

  private var afterText: String { notice.after.map { Duration.seconds(Int64($0)).readable } ?? "its time" }

  private var reasonLines: [String] {
    let lines = notice.reasons.map { "  - \($0.severity.rawValue.replacing("_", with: " ")): \($0.text)" }
    return lines + (notice.reasonsLeftOut.map { ["  and \($0) more, which the command below shows"] } ?? [])
  }

  private var facts: [String] {
    var lines: [String] = []
    if let point = notice.recoveryPoint {
      lines.append("Backup:      \(point.id)" + (point.takenAt.map { ", taken \($0.readable)" } ?? ""))
    }
    if let due = notice.due { lines.append("Due:         \(due.readable)") }
    if let since = notice.since {
      let isOld = notice.toldAt - since >= .seconds(60)
      lines.append("Since:       \(since.readable)" + (isOld ? " (\(ago(since)) ago)" : ""))
    }
    if notice.event != .test { lines.append("Last pass:   \(notice.lastPass?.readable ?? "never")") }
    if let owner = notice.owner { lines.append("Owner:       \(owner)") }
    if let tier = notice.tier { lines.append("Tier:        \(tier)") }
    if let description = notice.description { lines.append("About:       \(description)") }
    return lines
  }

  private var evidence: [String] {
    var lines = ["Evidence:    " + (notice.run.map { "run \($0) in " } ?? "") + "\(notice.evidence.ledger) on \(notice.evidence.host)"]
    if let head = notice.head { lines.append("Chain head:  " + (notice.headSequence.map { "\($0):" } ?? "") + head) }
    return lines + ["Told at:     \(notice.toldAt.readable)", "Message id:  \(notice.id)"]
  }
}
