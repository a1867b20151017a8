import DrillConfig
import DrillModel

extension Owing {
  /// A notice with everything but what a record tells.
  func notice(
    _ event: NotificationEvent, subject: String, _ key: String, _ route: NotificationRoute, _ facts: DrillFacts, _ incident: Incident?,
    at now: Timestamp
  ) -> Notice {
    let id = NoticeID.of(event, drill: facts.name, subject: subject, route: key)
    let run = incident?.anchor ?? subject
    var notice = Notice(
      id: id, event: event, drill: facts.name, toldAt: now, evidence: facts.evidence,
      command: command(event == .overdue || RunID(run) == nil ? nil : run, facts), next: next(event, route, facts, incident, now))
    notice.description = facts.description.map { InertText.of($0) }
    notice.owner = facts.owner.map { InertText.of($0, limit: 255) }
    notice.tier = facts.tier.map { InertText.of($0, limit: 255) }
    notice.lastPass = facts.lastPass
    notice.since = incident?.since
    notice.incident = incident?.id
    return notice
  }

  private func command(_ run: String?, _ facts: DrillFacts) -> String {
    let what = run.map { "drillmark show \($0)" } ?? "drillmark status"
    return what + (facts.site.map { " --config \(ShellWord.quoted($0))" } ?? "")
  }

  private func next(_ event: NotificationEvent, _ route: NotificationRoute, _ facts: DrillFacts, _ incident: Incident?, _ now: Timestamp)
    -> String
  {
    var parts: [String] = []
    if let due = facts.nextDue {
      parts.append("The next run is due \(due.readable).")
    } else if event != .passed, event != .recovered {
      parts.append("It has no schedule: run it again with `drillmark run \(ShellWord.quoted(facts.name))` once it is mended.")
    }
    guard let incident, event != .recovered else { return parts.joined(separator: " ") }
    if routes.contains(route), route.remind > .zero { parts.append("A reminder comes every \(route.remind.readable) until it passes.") }
    if let stage = escalation.first(where: { $0.after > now - incident.opened }) {
      parts.append("\(InertText.of(RouteKey.of(stage.route), limit: 80)) is told after \(stage.after.readable).")
    }
    return parts.joined(separator: " ")
  }
}

/// Words for a POSIX shell.
enum ShellWord {
  /// The text as one word, quoted where it must be, cut to what fits a line.
  static func quoted(_ text: String) -> String {
    let shown = InertText.of(text, limit: 300)
    let isPlain =
      !shown.isEmpty
      && shown.utf8.allSatisfy { byte in
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || "/._-:@+".utf8.contains(byte)
      }
    return isPlain && !shown.hasPrefix("-") ? shown : "'\(shown.replacing("'", with: "'\\''"))'"
  }
}
