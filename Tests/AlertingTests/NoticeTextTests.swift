import DrillConfig
import DrillModel
import Testing

@testable import Alerting

@Suite("The words of a notice")
struct NoticeTextTests {
  private func notice(_ verdict: Verdict = .failed, _ change: (inout RunRecord) -> Void = { _ in }) throws -> Notice {
    var record = AlertFixture.record(verdict)
    change(&record)
    var facts = AlertFixture.facts
    facts.name = record.drill
    let stage = EscalationStage(after: .seconds(4 * 3600), route: AlertFixture.boss)
    let owed = Owing(routes: [AlertFixture.topic], escalation: [stage]).sealing(
      record, after: nil, incident: nil, escalated: [], facts: facts, head: AlertFixture.head)
    return try #require(owed.notices.first?.notice)
  }

  @Test("a missed objective, word for word") func golden() throws {
    let text = NoticeText(try notice())
    #expect(text.subject == "Drill orders FAILED: recovery time 45 min, objective 30 min")
    #expect(
      text.body == """
        Drill orders FAILED: this backup would not have kept its promise.

        Recovery time:  45 min, objective 30 min: MISSED by 15 min
        Recovery point: 23 h, objective 26 h: met

        Why:
          - failed: the recovery took 45 min

        Backup:      orderdb_20261119_020000.dump, taken 2026-11-18 10:06:40 UTC
        Since:       2026-11-18 11:06:40 UTC
        Last pass:   2026-11-11 11:06:40 UTC
        Owner:       payments
        Tier:        critical

        Next:        The next run is due 2026-11-19 11:06:40 UTC. A reminder comes every 24 h until it passes. boss is told after 4 h.

        See more, on db-ops-1:
          drillmark show 01M7ZEN2V9QG5FVT40RYH00001 --config /etc/drillmark/drillmark.yaml

        Evidence:    run 01M7ZEN2V9QG5FVT40RYH00001 in /var/lib/drillmark/ledger.sqlite on db-ops-1
        Chain head:  41:sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        Told at:     2026-11-18 11:06:40 UTC
        Message id:  \(try notice().id)

        """)
  }

  @Test("the other subjects") func subjects() throws {
    var story = AlertFixture.Story(
      Owing(routes: [AlertFixture.topic], escalation: [EscalationStage(after: .seconds(3600), route: AlertFixture.boss)]))
    let start = AlertFixture.start
    _ = story.run(.cannotDrill, 1)
    _ = story.review(at: start + .seconds(90_000), overdue: start + .seconds(60))
    _ = story.review(at: start + .seconds(200_000), overdue: start + .seconds(60))
    _ = story.run(.passed, 2, at: start + .seconds(300_000))
    #expect(
      story.told.map { NoticeText($0.notice).subject } == [
        "Drill orders CANNOT DRILL: the recovery took 45 min", "Drill orders OVERDUE: nothing answered 2026-11-18 11:07:40 UTC",
        "Escalation: drill orders STILL OVERDUE after 25 h", "Drill orders STILL OVERDUE after 2 d 7 h",
        "Drill orders RECOVERED after 3 d 11 h", "Drill orders RECOVERED after 3 d 11 h",
      ])
  }

  static let hostile = [
    "<script>alert(1)</script>", "a\r\nBcc: eve@example.com", "a\nEvidence: forged", "\u{202E}gnp.exe", "$(id)", "`id`", "a\0b",
    "\u{1B}[31m",
    String(repeating: "ü", count: 10_000), "<!channel> & <http://x|y>", "\u{2028}", "=?utf-8?Q?x?=", "😀",
  ]

  @Test("a hostile name forges no line, reorders nothing and stays within every limit", arguments: hostile) func inert(_ name: String)
    throws
  {
    let notice = try notice { record in
      record.drill = name
      record.reasons = (0..<500).map { Reason(code: name, severity: .failed, text: "\($0) \(name)") }
    }
    let text = NoticeText(notice)
    #expect(text.subject.utf8.count <= 99 && text.subject.utf8.allSatisfy { (32...126).contains($0) })
    #expect(text.subject.first?.isLetter == true)
    let lines = text.body.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count { $0.hasPrefix("Evidence:") } == 1)
    #expect(text.body.unicodeScalars.allSatisfy { $0 == "\n" || InertText.of(String($0)) == String($0) })
    #expect(try notice.json.utf8.count < 64_000)
    #expect(text.body.utf8.count < 64_000)
    #expect(notice.reasonsLeftOut == 488)
    for (_, value) in notice.attributes { #expect(!value.isEmpty && value.utf8.count <= 256) }
    #expect(notice.command.contains("\n") == false)
  }

  @Test("the stored form gives the same notice back") func roundTrip() throws {
    let notice = try notice()
    #expect(try Notice(json: notice.json) == notice)
    #expect(throws: Fault.self) { try Notice(json: "{}") }
  }

  @Test("a name that a shell would take apart is quoted in the command") func quoted() {
    #expect(ShellWord.quoted("orders-2") == "orders-2")
    #expect(ShellWord.quoted("$(id)") == "'$(id)'")
    #expect(ShellWord.quoted("it's") == "'it'\\''s'")
    #expect(ShellWord.quoted("--all") == "'--all'")
    #expect(ShellWord.quoted("") == "''")
  }
}

@Suite("The key of a receiver")
struct RouteKeyTests {
  private func key(_ url: WebhookTarget.Location) -> String { RouteKey.of(NotificationRoute(.webhook(WebhookTarget(url: url)))) }

  @Test("never holds a secret, and tells URLs of one host apart") func secrets() {
    let one = key(.literal("https://hooks.example.com/services/T0/B0/XXSECRETXX?token=abc"))
    let other = key(.literal("https://hooks.example.com/services/T0/B0/YY"))
    #expect(!one.contains("SECRET") && !one.contains("token") && one.hasPrefix("webhook:hooks.example.com#"))
    #expect(one != other)
    #expect(key(.secret(.env("SLACK"))) == "webhook:env:SLACK")
    #expect(!key(.secret(.command(["pass", "-p", "hunter2"]))).contains("hunter2"))
  }

  @Test("does not depend on the order of a mail's receivers") func order() {
    func mail(_ to: [String]) -> String { RouteKey.of(NotificationRoute(.mail(MailTarget(server: "smtps://m", from: "a@b", to: to)))) }
    #expect(mail(["x@y", "a@b"]) == mail(["a@b", "x@y"]))
    #expect(mail((0..<99).map { "someone\($0)@example.com" }).utf8.count < 120)
  }
}
