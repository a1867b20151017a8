package import Alerting
package import DrillConfig
import DrillModel
package import HTTPTransport
import Ledger

/// Posts JSON to a URL, with the id as `Idempotency-Key`. Redirects are refusals; addresses are judged when the connection is made.
package struct WebhookSender: NotificationSender {
  private let target: WebhookTarget
  private let access: SenderAccess

  package init(_ target: WebhookTarget, _ access: SenderAccess) {
    self.target = target
    self.access = access
  }

  package func send(_ notice: Notice, within limit: Duration, _ cancellation: Cancellation?) -> SendOutcome {
    var options = HTTPOptions.attempt(within: limit, network: access.network, cancellation)
    options.plainHTTP = .configured
    do {
      let response = try HTTPClient().send(try request(notice), options)
      return WebhookSender.outcome(response)
    } catch let error as TransportError {
      return WebhookSender.outcome(error)
    } catch {
      return .noSecret(error as? Fault ?? Fault(.internalError, "the webhook's message could not be made"))
    }
  }

  private func request(_ notice: Notice) throws -> HTTPRequest {
    let url =
      switch target.url {
      case .literal(let url): url
      case .secret(let reference): try access.secret(reference)
      }
    let body = try target.format == .slack ? MachineJSON.text(SlackMessage(notice)) : notice.readableJSON
    var headers = [HTTPHeader("Content-Type", "application/json; charset=utf-8"), HTTPHeader("Idempotency-Key", notice.id)]
    for (name, reference) in target.headers.sorted(by: { $0.key < $1.key }) {
      headers.append(HTTPHeader(name, try access.secret(reference)))
    }
    return HTTPRequest("POST", url, headers: headers, body: Array(body.utf8))
  }

  static func outcome(_ error: TransportError) -> SendOutcome {
    let text = error.advice.map { "\(error.message). \($0)" } ?? error.message
    return switch error.kind {
    case .invalidRequest, .refusedAddress: .refused(text, .receiver)
    default: .later(text, maybeSent: error.maybeSent, after: nil)
    }
  }

  // What the server says beside its status is not repeated: it may hold our URL or header.
  static func outcome(_ response: HTTPResponse) -> SendOutcome {
    let text = "the webhook answered with status \(response.status)"
    switch response.status {
    case 200...299: return .delivered("status \(response.status)")
    case 300...399: return .refused("\(text), a redirect, which is not followed; give the final URL", .receiver)
    case 408, 425, 429, 500...599:
      let after = response.headers.first("Retry-After").flatMap { Int64($0) }.map { Duration.seconds(min(86_400, max(0, $0))) }
      return .later(text, maybeSent: false, after: after)
    case 400, 413, 415, 422: return .refused(text, .message)
    default: return .refused(text, .receiver)
    }
  }
}
