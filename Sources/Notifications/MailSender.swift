package import Alerting
package import DrillConfig
import DrillModel
package import HTTPTransport
import Ledger

/// Sends mail. The id is the left side of the Message-ID, which mail programs drop duplicates by.
package struct MailSender: NotificationSender {
  private let target: MailTarget
  private let access: SenderAccess

  package init(_ target: MailTarget, _ access: SenderAccess) {
    self.target = target
    self.access = access
  }

  package func send(_ notice: Notice, within limit: Duration, _ cancellation: Cancellation?) -> SendOutcome {
    guard let server = MailServer(target.server) else { return .refused("\(target.server) is no mail server's URL", .receiver) }
    do throws(Fault) {
      var login: SMTPLogin?
      if let username = target.username, let password = target.password {
        login = SMTPLogin(username: username, password: try access.secret(password))
      }
      let options = HTTPOptions.attempt(within: limit, network: access.network, cancellation)
      let client = SMTPClient(SMTPServer(host: server.host, port: server.port, security: server.security, options: options))
      let mail = MailMessage(notice, from: target.from, to: target.to)
      return MailSender.outcome(client.send(from: target.from, to: target.to, message: Array(mail.text.utf8), login: login))
    } catch {
      return .noSecret(error)
    }
  }

  static func outcome(_ outcome: SMTPOutcome) -> SendOutcome {
    switch outcome {
    case .delivered(let reply, let refused):
      .delivered(refused.isEmpty ? reply : "\(reply); but not for everybody: \(refused.joined(separator: "; "))")
    case .transient(let text): .later(text, maybeSent: false, after: nil)
    case .permanent(let text): .refused(text, .receiver)
    case .maybeSent(let text): .later(text, maybeSent: true, after: nil)
    }
  }
}

/// A mail server as its URL names it.
struct MailServer: Hashable {
  let host: String
  let port: Int
  let security: SMTPSecurity

  /// `smtps://host[:465]`, or `smtp://host[:587]` with STARTTLS, which a server on this machine need not offer (port 25 there).
  init?(_ url: String) {
    let parts = url.split(separator: "://", maxSplits: 1).map(String.init)
    guard parts.count == 2, ["smtp", "smtps"].contains(parts[0]) else { return nil }
    let end = parts[1].hasPrefix("[") ? parts[1].firstIndex(of: "]").map { parts[1].index(after: $0) } : parts[1].firstIndex(of: ":")
    let name = end.map { String(parts[1][..<$0]) } ?? parts[1]
    let port = end.map { String(parts[1][$0...].dropFirst()) } ?? ""
    host = name
    let isOwn = name == "localhost" || IPAddress(name.trimmingBrackets)?.isLoopback == true
    security = parts[0] == "smtps" ? .implicit : isOwn ? .none : .startTLS
    guard let number = port.isEmpty ? (parts[0] == "smtps" ? 465 : isOwn ? 25 : 587) : Int(port), (1...65_535).contains(number) else {
      return nil
    }
    self.port = number
  }
}

extension String {
  fileprivate var trimmingBrackets: String { hasPrefix("[") && hasSuffix("]") ? String(dropFirst().dropLast()) : self }
}
