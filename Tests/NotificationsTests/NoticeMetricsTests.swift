import DrillConfig
import DrillModel
import DrillTestSupport
import Ledger
import Testing

@testable import AWSClient
@testable import Alerting
@testable import Notifications

@Suite("Metrics of a notice")
struct NoticeMetricsTests {
  private func notice(_ event: NotificationEvent, _ verdict: Verdict?, drill: String = "orders") -> Notice {
    var notice = Notice(
      id: "x", event: event, drill: drill, toldAt: Timestamp(seconds: 2000), evidence: Notice.Evidence(host: "h", ledger: "/l"),
      command: "", next: "")
    notice.verdict = verdict
    if verdict != nil { notice.finishedAt = Timestamp(seconds: 1000) }
    return notice
  }

  private func values(_ notice: Notice) -> [String: Double] {
    Dictionary(NoticeMetrics(notice).data.map { ($0.name, $0.value) }) { first, _ in first }
  }

  @Test("a run that passed gives its figures in seconds at the time of its end")
  func passed() {
    var notice = notice(.passed, .passed)
    notice.rpo = Notice.Figure(objective: 93_600, actual: 82_800, verdict: "met")
    notice.rto = Notice.Figure(objective: nil, actual: 61.4, verdict: "no_objective")
    let data = NoticeMetrics(notice).data
    #expect(
      values(notice) == [
        "RecoveryPointActual": 82_800, "RecoveryTimeActual": 61.4, "Passed": 1, "Failed": 0, "NotShown": 0, "Overdue": 0,
      ])
    #expect(data.allSatisfy { $0.at == Timestamp(seconds: 1000) && $0.dimensions == [.init("Drill", "orders")] })
    #expect(data.prefix(2).allSatisfy { $0.unit == .seconds })
  }

  @Test(
    "each verdict is one of passed, failed and not shown, and an unknown figure is left out",
    arguments: [
      (Verdict.failed, "Failed"), (.couldNotVerify, "NotShown"), (.cannotDrill, "NotShown"), (.interrupted, "NotShown"),
      (.skipped, "NotShown"),
    ])
  func verdicts(_ verdict: Verdict, _ name: String) {
    var notice = notice(.failed, verdict)
    notice.rpo = Notice.Figure(objective: 1, actual: nil, verdict: "unknown")
    let values = values(notice)
    #expect(values[name] == 1 && values["RecoveryPointActual"] == nil && values["Passed"] == 0)
    #expect(["Passed", "Failed", "NotShown"].compactMap { values[$0] }.reduce(0, +) == 1)
  }

  @Test("a drill that did not run, and a test, say nothing of a verdict")
  func others() {
    #expect(values(notice(.overdue, nil)) == ["Overdue": 1])
    #expect(values(notice(.test, nil)) == ["ChannelTest": 1])
    #expect(NoticeMetrics(notice(.overdue, nil)).data.first?.at == Timestamp(seconds: 2000))
  }

  @Test("a name that CloudWatch takes stays as it is; another becomes one, and two of them do not become the same")
  func names() {
    #expect(NoticeMetrics.dimension("orders & co") == "orders & co")
    for name in ["Übung", "ubung\u{202E}", ":colon", String(repeating: "x", count: 10_000), "日本", "日木", "a\nb"] {
      let made = NoticeMetrics.dimension(name)
      #expect(made.utf8.allSatisfy { (0x20...0x7E).contains($0) } && (1...255).contains(made.utf8.count) && !made.hasPrefix(":"), "\(made)")
    }
    #expect(NoticeMetrics.dimension("日本") != NoticeMetrics.dimension("日木"))
  }

  @Test("data that is too old is parked for its own sake, without a region nothing is sent, and credentials are waited for")
  func outcomes() {
    func failure(_ kind: AWSFailure.Kind, _ code: String) -> AWSFailure {
      AWSFailure(kind: kind, code: code, message: "m", status: 400, requestID: nil, retryAfter: nil, attempts: 1)
    }
    #expect(CloudWatchSender.outcome(failure(.refused, "InvalidParameterValue")) == .refused("InvalidParameterValue: m", .message))
    #expect(CloudWatchSender.outcome(failure(.refused, "AccessDenied")) == .refused("AccessDenied: m", .receiver))
    #expect(
      CloudWatchSender.outcome(failure(.transient, "credentials")) == .later("m", maybeSent: false, after: .seconds(900)))
    let sender = ChannelCase.settings().sender(for: .cloudwatch(CloudWatchTarget(endpoint: "http://127.0.0.1:1")))
    #expect(sender.send(notice(.passed, .passed), within: .seconds(5), nil) == .refused(CloudWatchSender.noRegion, .receiver))
  }
}
