internal import CCurl
import DrillModel

/// How a mail server is spoken to.
package enum SMTPSecurity: String, Sendable, Hashable, CaseIterable {
  /// TLS from the first byte, usually on port 465 (RFC 8314).
  case implicit
  /// STARTTLS before anything else, usually on port 587; a server that does not offer it is refused.
  case startTLS = "starttls"
  /// No TLS. For a relay on this machine's loopback interface alone.
  case none
}

/// A mail server and how to reach it.
package struct SMTPServer: Sendable {
  package var host: String
  package var port: Int
  package var security: SMTPSecurity
  package var options: HTTPOptions

  /// `options` give the limits, the addresses and the certificate authorities; its proxies are not used.
  package init(host: String, port: Int, security: SMTPSecurity, options: HTTPOptions = HTTPOptions()) {
    self.host = host
    self.port = port
    self.security = security
    self.options = options
  }
}

/// A user and password of a mail server. Prints neither.
package struct SMTPLogin: Sendable, CustomStringConvertible, CustomReflectable {
  let username: String
  let password: String

  package init(username: String, password: String) {
    self.username = username
    self.password = password
  }

  package var description: String { "a login" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// What became of a message.
package enum SMTPOutcome: Sendable, Hashable {
  /// Accepted for at least one recipient. Holds the server's last line, and the lines that refused other recipients.
  case delivered(reply: String, refused: [String])
  /// Nothing was accepted; the same can succeed later.
  case transient(String)
  /// Nothing was accepted, and the same will be refused again.
  case permanent(String)
  /// The whole message was handed over and no answer came.
  case maybeSent(String)
}

/// Sends mail over libcurl. Blocks its caller, and belongs to one thread at a time.
package final class SMTPClient {
  private let server: SMTPServer

  package init(_ server: SMTPServer) { self.server = server }

  /// Hands one message over. `message` is RFC 5322 text with its headers; line ends are made CRLF. Addresses are bare, without names.
  ///
  /// A 4xx reply is transient and a 5xx one permanent (RFC 5321 section 4.2.1); a login that is refused is permanent. Replies in the
  /// result are one line each, bounded and without control characters. Repeating it sends the message again.
  package func send(from: String, to recipients: [String], message: [UInt8], login: SMTPLogin?) -> SMTPOutcome {
    do {
      let destination = try check(from, recipients)
      guard let handle = CurlHandle() else { return .transient("libcurl cannot be started: out of memory") }
      handle.reset()
      let policy = server.security == .none ? AddressPolicy.loopback : server.options.addresses
      let exchange = Exchange(policy, server.options.cancellation, bodyLimit: 1 << 16, upload: SMTPClient.withLineEnds(message))
      exchange.attach(to: handle)
      handle.limit(server.options)
      prepare(handle, destination, from, recipients, login)
      let code = withExtendedLifetime(exchange) { handle.perform() }
      return SMTPConversation(exchange, recipients: recipients.count).outcome(code, handle, destination)
    } catch {
      return error.isTransient ? .transient(error.message) : .permanent(error.message)
    }
  }

  private func check(_ from: String, _ recipients: [String]) throws(TransportError) -> Destination {
    let host = server.host.contains(":") && !server.host.hasPrefix("[") ? "[\(server.host)]" : server.host
    let destination = try Destination(
      "\(server.security == .implicit ? "smtps" : "smtp")://\(host):\(server.port)", schemes: ["smtp", "smtps"])
    func refuse(_ why: String) -> TransportError { TransportError(.invalidRequest, "\(destination)", why) }
    guard !recipients.isEmpty else { throw refuse("A mail needs a recipient") }
    for address in [from] + recipients where !SMTPClient.isAddress(address) {
      throw refuse("\(InertText.line(address, limit: 80)) is no mail address; write it as name@example.com")
    }
    if server.security == .none, !destination.isLoopback {
      throw TransportError(
        .refusedAddress, "\(destination)", "\(destination) would be reached without TLS; that is for a server on this machine alone")
    }
    if let reason = server.options.addresses.refusal(host: destination.host) {
      throw TransportError(.refusedAddress, "\(destination)", "\(destination) may not be reached: \(reason)")
    }
    return destination
  }

  private func prepare(_ handle: CurlHandle, _ destination: Destination, _ from: String, _ recipients: [String], _ login: SMTPLogin?) {
    handle.set(CURLOPT_URL, "\(destination.scheme)://\(destination.host):\(destination.port)")
    handle.set(CURLOPT_PROTOCOLS_STR, destination.scheme)
    handle.set(CURLOPT_PROXY, "")
    handle.set(CURLOPT_USE_SSL, server.security == .none ? Int(CURLUSESSL_NONE.rawValue) : Int(CURLUSESSL_ALL.rawValue))
    handle.set(CURLOPT_MAIL_FROM, "<\(from)>")
    handle.set(CURLOPT_MAIL_RCPT, list: recipients.map { "<\($0)>" })
    // One dead address must not keep an alarm from the others.
    handle.set(CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1)
    handle.set(CURLOPT_UPLOAD, 1)
    if let login {
      handle.set(CURLOPT_SASL_IR, 1)
      handle.set(CURLOPT_USERNAME, login.username)
      handle.set(CURLOPT_PASSWORD, login.password)
    }
  }

  /// Printable ASCII around one or more `@`, and nothing that ends an SMTP argument.
  private static func isAddress(_ text: String) -> Bool {
    let forbidden = Set("<>(),;:\\\"[]".utf8)
    return text.utf8.count <= 254 && text.utf8.allSatisfy { $0 > 32 && $0 < 127 && !forbidden.contains($0) }
      && text.split(separator: "@", omittingEmptySubsequences: false).count == 2 && !text.hasPrefix("@") && !text.hasSuffix("@")
  }

  private static func withLineEnds(_ message: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(message.count + message.count / 40)
    var previous: UInt8 = 0
    for byte in message {
      if byte == 10, previous != 13 { result.append(13) }
      if previous == 13, byte != 10 { result.append(10) }
      result.append(byte)
      previous = byte
    }
    if previous == 13 { result.append(10) }
    if !result.isEmpty, result.last != 10 { result += [13, 10] }
    return result
  }
}
