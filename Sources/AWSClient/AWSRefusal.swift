import AWSSigning
package import DrillModel
import HTTPTransport

/// What AWS says in place of a result: `<Error>` of the query, EC2 and REST-XML protocols.
package struct AWSErrorBody: Sendable, Hashable {
  package let code: String
  package let message: String
  package let requestID: String?

  package init(code: String, message: String, requestID: String? = nil) {
    self.code = code
    self.message = message
    self.requestID = requestID
  }

  /// Nil for a body that is none of them.
  package init?(_ body: [UInt8]) {
    guard let root = XMLReader.read(body) else { return nil }
    let error = root.name == "Error" ? root : root["Error"] ?? root["Errors"]?["Error"]
    guard let error, let code = error.text("Code"), !code.isEmpty else { return nil }
    self.code = code
    message = error.text("Message") ?? error.text("message") ?? ""
    requestID = [root.text("RequestId"), root.text("RequestID"), root.text("ResponseMetadata", "RequestId")].compactMap { $0 }.first
  }
}

/// A call to AWS that has no result.
package struct AWSFailure: Error, Sendable, CustomStringConvertible {
  package enum Kind: Sendable, Hashable {
    /// AWS said no, and will say it again.
    case refused
    /// Too many requests, after every retry.
    case throttled
    /// AWS, the network or the credentials have trouble that can pass.
    case transient
    /// The request was sent and no answer that can be understood came: it may have been carried out.
    case maybeDone
    /// The call cannot be made as it is set up.
    case notPossible
  }

  package let kind: Kind
  /// AWS's error code, else a short word of ours (`timedOut`, `credentials`).
  package let code: String
  /// One line, bounded, without any secret.
  package let message: String
  package let status: Int?
  package let requestID: String?
  /// When the service said to come back, from now.
  package let retryAfter: Duration?
  package let attempts: Int

  package var description: String { "\(code): \(message)" }

  /// The same as the program's own error.
  package func fault(_ code: FaultCode) -> Fault {
    Fault(code, "\(self)", isTransient: kind == .transient || kind == .throttled || kind == .maybeDone)
  }
}
