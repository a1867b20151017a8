import Glibc

/// A real mail server (aiosmtpd) on loopback that demands TLS and a login before it takes mail. Ends with the value.
package final class MailServer: Sendable {
  package let port: Int
  package static let username = "drillmark"
  package static let password = "correct horse"
  private let process: HostCommand

  /// Nil when there is no aiosmtpd, or when it does not start.
  package init?(_ certificates: TestCertificates, _ kind: TestCertificates.Kind = .good, implicitTLS: Bool = false) async {
    guard let python = TestServers.mailPython else { return nil }
    let mode = implicitTLS ? "implicit" : "starttls"
    let arguments = [certificates.certificate(kind), certificates.key, mode, MailServer.username, MailServer.password]
    port = LoopbackSocket.freePort()
    process = HostCommand([python, "-c", MailServer.program, "\(port)"] + arguments, environment: HostCommand.environment)
    for _ in 0..<300 {
      if process.stderrSoFar.contains("ready\n") { return }
      try? await Task.sleep(for: .milliseconds(100))
    }
    return nil
  }

  deinit { process.signal(SIGKILL) }

  /// Every message so far as JSON: `from`, `to`, `text`.
  package var messages: [JSONValue] {
    process.stderrSoFar.split(separator: "\n").filter { $0.hasPrefix("{") }.compactMap { JSONValue($0) }
  }

  private static let program = """
    import json, ssl, sys, time
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import SMTP, AuthResult
    port, cert, key, mode, user, password = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    class Handler:
        async def handle_DATA(self, server, session, envelope):
            print(json.dumps({"from": envelope.mail_from, "to": envelope.rcpt_tos, "text": envelope.content.decode()}), file=sys.stderr, flush=True)
            return "250 taken"
    def check(server, session, envelope, mechanism, data):
        good = data.login.decode() == user and data.password.decode() == password
        return AuthResult(success=good, handled=good)
    rules = dict(authenticator=check, auth_required=True)
    if mode == "implicit":
        controller = Controller(Handler(), hostname="127.0.0.1", port=int(port), ssl_context=context, auth_require_tls=False, **rules)
    else:
        controller = Controller(Handler(), hostname="127.0.0.1", port=int(port), tls_context=context, require_starttls=True, **rules)
    controller.start()
    print("ready", file=sys.stderr, flush=True)
    while True: time.sleep(60)
    """
}
