import DrillModel
package import HTTPTransport

/// Publishes to Amazon SNS (query API 2010-03-31), or to what speaks like it. Blocks its caller, and belongs to one thread at a time.
package final class SNSClient {
  private let caller: AWSCaller

  package init(_ connection: AWSConnection, http: any HTTPExchanging, options: HTTPOptions = HTTPOptions()) {
    caller = AWSCaller(connection, http: http, options: options)
  }

  /// Publishes one message, with the retries of the standard mode: the same message may arrive twice, which a FIFO topic undoes by
  /// its deduplication id. What SNS would refuse is refused here; nothing is shortened silently, `SNSLimits` does that.
  package func publish(_ message: SNSMessage) -> SNSOutcome {
    guard let region = SNSClient.region(ofTopic: message.topic) else {
      return .permanent(code: "InvalidParameter", text: "\(InertText.line(message.topic, limit: 200)) is no ARN of an SNS topic")
    }
    if let why = SNSLimits.refusal(message) { return .permanent(code: "InvalidParameter", text: "SNS would refuse this: \(why)") }
    let request = AWSRequest.query(
      service: "sns", region: message.region ?? region, action: "Publish", version: "2010-03-31", SNSClient.parameters(message))
    do throws(AWSFailure) {
      let response = try caller.call(request, mayRepeat: true)
      guard let id = XMLReader.read(response.body)?.text("PublishResult", "MessageId"), !id.isEmpty else {
        return .maybeSent(text: "The endpoint answered \(response.status) without a message id; is it really SNS?")
      }
      return .delivered(messageID: InertText.line(id, limit: 100))
    } catch {
      return SNSClient.outcome(error)
    }
  }

  /// `arn:aws:sns:REGION:ACCOUNT:NAME`; nil for anything else.
  package static func region(ofTopic arn: String) -> String? {
    let parts = arn.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 6, parts[0] == "arn", parts[1].hasPrefix("aws"), parts[2] == "sns", AWSPartition.isRegion(String(parts[3])),
      parts[4].utf8.count == 12, parts[4].allSatisfy(\.isNumber), !parts[5].isEmpty,
      parts[5].utf8.allSatisfy({ $0 > 32 && $0 < 127 })
    else { return nil }
    return String(parts[3])
  }

  private static func parameters(_ message: SNSMessage) -> [(String, String)] {
    var parameters = [("TopicArn", message.topic), ("Message", message.text)]
    if let subject = message.subject { parameters.append(("Subject", subject)) }
    if message.isStructured { parameters.append(("MessageStructure", "json")) }
    let attributes = message.attributes.filter { !$0.value.text.isEmpty }.sorted { $0.key < $1.key }
    for (index, (name, value)) in attributes.enumerated() {
      let entry = "MessageAttributes.entry.\(index + 1)"
      parameters += [("\(entry).Name", name), ("\(entry).Value.DataType", value.type), ("\(entry).Value.StringValue", value.text)]
    }
    guard message.isFIFO else { return parameters }
    return parameters + [("MessageGroupId", message.groupID ?? ""), ("MessageDeduplicationId", message.deduplicationID ?? "")]
  }

  /// What stands behind a refusal that its own text does not explain ("Publish", Amazon SNS API Reference).
  private static let hints = [
    "KMSAccessDenied": "The topic is encrypted: allow kms:GenerateDataKey* and kms:Decrypt on its key, in the key's policy too",
    "KMSDisabled": "The topic is encrypted with a key that is switched off: switch it on, or give the topic another",
    "KMSInvalidState": "The topic is encrypted with a key that cannot be used, as one that waits to be deleted",
    "KMSNotFound": "The topic is encrypted with a key that is not there any more: give the topic another",
    "KMSOptInRequired": "The topic is encrypted with a key of an account that has no access to KMS",
    "AuthorizationError": "For a topic of another account, that topic's own policy must allow the caller as well",
    "NotFound": "Check the topic's ARN, its region and its account",
    "EndpointDisabled": "The receiver's endpoint is switched off in SNS",
  ]

  private static func outcome(_ failure: AWSFailure) -> SNSOutcome {
    let said = [failure.message, SNSClient.hints[failure.code]].compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: ". ")
    let text = failure.requestID.map { "\(said) (request \($0))" } ?? said
    return switch failure.kind {
    case .refused, .notPossible: .permanent(code: failure.code, text: text)
    case .throttled, .transient: .transient(code: failure.code, text: text, retryAfter: failure.retryAfter)
    case .maybeDone: .maybeSent(text: text)
    }
  }
}
