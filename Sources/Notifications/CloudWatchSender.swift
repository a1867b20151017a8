package import AWSClient
package import Alerting
package import DrillConfig
import DrillModel
package import HTTPTransport
import Ledger

/// Puts the figures of a run as metrics. They carry no id, which CloudWatch has no place for: a second delivery has the same values at the
/// same time.
package struct CloudWatchSender: NotificationSender {
  private let target: CloudWatchTarget
  private let connection: AWSConnection

  /// - Parameter connection: Shared by all messages of a process: it remembers the retry quota and the clock's error.
  package init(_ target: CloudWatchTarget, connection: AWSConnection) {
    self.target = target
    self.connection = connection
  }

  package func send(_ notice: Notice, within limit: Duration, _ cancellation: Cancellation?) -> SendOutcome {
    do {
      guard let region = try target.region ?? connection.region() else { return .refused(CloudWatchSender.noRegion, .receiver) }
      let client = CloudWatchClient(
        connection, region: region, http: try HTTPClient(), options: .attempt(within: limit, network: connection.network, cancellation))
      let data = NoticeMetrics(notice).data
      try client.put(data, namespace: target.namespace)
      return .delivered(data.count == 1 ? "1 metric in \(target.namespace)" : "\(data.count) metrics in \(target.namespace)")
    } catch let failure as AWSFailure {
      return CloudWatchSender.outcome(failure)
    } catch let fault as Fault {
      return .refused(fault.description, .receiver)
    } catch {
      return .later((error as? TransportError)?.message ?? "the connection could not be prepared", maybeSent: false, after: nil)
    }
  }

  /// What to do when nothing says which region is meant.
  package static let noRegion = "no region is set for CloudWatch: give the channel or `aws` of the site file a region, or set AWS_REGION"

  static func outcome(_ failure: AWSFailure) -> SendOutcome {
    let text = "\(failure)" + (failure.requestID.map { " (request \($0))" } ?? "")
    switch failure.kind {
    case .maybeDone: return .later(text, maybeSent: true, after: nil)
    case .throttled, .transient:
      let isAboutCredentials = failure.code == "credentials" || failure.code.hasPrefix("ExpiredToken")
      return .later(text, maybeSent: false, after: isAboutCredentials ? max(failure.retryAfter ?? .zero, slowRetry) : failure.retryAfter)
    case .refused, .notPossible: return .refused(text, messageCodes.contains(failure.code) ? .message : .receiver)
    }
  }

  /// Refusals of this message alone, such as a time more than two weeks ago ("PutMetricData", Amazon CloudWatch API Reference).
  private static let messageCodes: Set<String> = [
    "InvalidParameterCombination", "InvalidParameterValue", "MissingParameter", "MissingRequiredParameterException", "ValidationError",
  ]
}

/// What a notice says in figures. Every data point has the drill as its one dimension, and the run's end as its time.
struct NoticeMetrics {
  private let notice: Notice

  init(_ notice: Notice) { self.notice = notice }

  var data: [MetricDatum] {
    switch notice.event {
    case .test: [point("ChannelTest", 1, at: notice.toldAt)]
    case .overdue: [point("Overdue", 1, at: notice.toldAt)]
    default: notice.verdict.map(run) ?? [point("Overdue", 1, at: notice.toldAt)]
    }
  }

  private func run(_ verdict: Verdict) -> [MetricDatum] {
    let time = notice.finishedAt ?? notice.toldAt
    let figures = [("RecoveryPointActual", notice.rpo), ("RecoveryTimeActual", notice.rto)].compactMap { name, figure in
      figure?.actual.map { MetricDatum(name, $0, .seconds, at: time, dimensions) }
    }
    let isNotShown = verdict != .passed && verdict != .failed
    return figures + [
      point("Passed", verdict == .passed ? 1 : 0, at: time), point("Failed", verdict == .failed ? 1 : 0, at: time),
      point("NotShown", isNotShown ? 1 : 0, at: time), point("Overdue", 0, at: time),
    ]
  }

  private func point(_ name: String, _ value: Double, at time: Timestamp) -> MetricDatum {
    MetricDatum(name, value, .count, at: time, dimensions)
  }

  private var dimensions: [MetricDatum.Dimension] { [.init("Drill", NoticeMetrics.dimension(notice.drill))] }

  /// A name as CloudWatch takes it: printable ASCII, at most 255 bytes, not beginning with a colon. Any other is told from its like by a
  /// digest of the whole.
  static func dimension(_ name: String) -> String {
    let isPlain =
      !name.isEmpty && name.utf8.count <= 255 && name.utf8.allSatisfy { (0x20...0x7E).contains($0) } && name.utf8.contains { $0 != 0x20 }
      && !name.hasPrefix(":")
    if isPlain { return name }
    let shown = InertText.ascii(name, limit: 80).drop { $0 == ":" || $0 == " " }
    return "\(shown)#\(NoticeDigest.of(name).prefix(8))"
  }
}
