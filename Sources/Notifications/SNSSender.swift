package import AWSClient
package import Alerting
package import DrillConfig
import DrillModel
package import HTTPTransport
import Ledger

/// Publishes to a topic. The id goes into the attribute `notification_id`, and to a FIFO topic as deduplication id; there the drill is
/// the group, so that order is kept for each drill.
package struct SNSSender: NotificationSender {
  private let target: SNSTarget
  private let connection: AWSConnection

  /// - Parameter connection: Shared by all messages of a process: it remembers the retry quota and the clock's error.
  package init(_ target: SNSTarget, connection: AWSConnection) {
    self.target = target
    self.connection = connection
  }

  package func send(_ notice: Notice, within limit: Duration, _ cancellation: Cancellation?) -> SendOutcome {
    do {
      let client = SNSClient(
        connection, http: try HTTPClient(), options: .attempt(within: limit, network: connection.network, cancellation))
      return SNSSender.outcome(client.publish(try SNSSender.message(notice, to: target)))
    } catch let fault as Fault {
      return .refused(fault.description, .message)
    } catch {
      return .later((error as? TransportError)?.message ?? "the connection could not be prepared", maybeSent: false, after: nil)
    }
  }

  static func outcome(_ outcome: SNSOutcome) -> SendOutcome {
    switch outcome {
    case .delivered(let id): .delivered("message \(id)")
    case .maybeSent(let text): .later(text, maybeSent: true, after: nil)
    case .transient(let code, let text, let after):
      .later(
        AWSFailure.told(code, text), maybeSent: false, after: AWSFailure.isAboutCredentials(code) ? max(after ?? .zero, slowRetry) : after)
    case .permanent(let code, let text): .refused(AWSFailure.told(code, text), messageCodes.contains(code) ? .message : .receiver)
    }
  }

  /// Refusals of this message alone ("Common errors" and "Publish", Amazon SNS API Reference).
  private static let messageCodes: Set<String> = ["InvalidParameter", "InvalidParameterValue", "ValidationError", "ValidationException"]

  /// Bytes of a deduplication or group id.
  private static let idLimit = 128

  /// The message, with as many of the reasons left out as SNS has no room for; the notice says how many.
  static func message(_ notice: Notice, to target: SNSTarget) throws -> SNSMessage {
    var notice = notice
    while true {
      let message = try whole(notice, to: target)
      guard message.byteCount > SNSLimits.messageBytes else { return message }
      // A text can be cut anywhere, JSON cannot.
      if notice.reasons.isEmpty { return target.format == .text ? SNSLimits.fitted(message).message : message }
      let kept = notice.reasons.count / 2
      notice.reasonsLeftOut = (notice.reasonsLeftOut ?? 0) + notice.reasons.count - kept
      notice.reasons = Array(notice.reasons.prefix(kept))
    }
  }

  private static func whole(_ notice: Notice, to target: SNSTarget) throws -> SNSMessage {
    let text = NoticeText(notice)
    let attributes = Dictionary(notice.attributes.map { ($0.name, SNSAttribute.string($0.value)) }) { first, _ in first }
    var message = SNSMessage(topic: target.topic, subject: text.subject, text: "", attributes: attributes)
    message.region = target.region
    switch target.format {
    case .text: message.text = text.body
    case .json: message.text = try notice.readableJSON
    case .both:
      message.text = try StructuredText(default: text.body, sms: text.short, json: notice.readableJSON).json
      message.isStructured = true
    }
    guard target.isFIFO else { return message }
    message.groupID = groupID(notice.drill)
    message.deduplicationID = String(notice.id.prefix(idLimit))
    return message
  }

  /// A name of letters, digits and dashes as it is, any other by its bytes in hexadecimal, as far as they fit.
  private static func groupID(_ drill: String) -> String {
    let isPlain = drill.utf8.allSatisfy {
      (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 45 || $0 == 95
    }
    if isPlain, (1...idLimit).contains(drill.utf8.count) { return drill }
    return "drill-" + NoticeDigest.of(drill)
  }
}
