import DrillTestSupport
import HTTPTransport
import Testing

@Suite(
  "Mail to a real server (aiosmtpd)", .enabled(if: TestServers.mailPython != nil, Comment(rawValue: TestServers.absence)))
struct RealMailServerTests {
  private func send(_ port: Int, _ security: SMTPSecurity, _ certificates: TestCertificates?, password: String) -> SMTPOutcome {
    var options = HTTPOptions()
    options.network.certificateAuthorities = certificates?.authority
    options.timeout = .seconds(30)
    return SMTPClient(SMTPServer(host: "localhost", port: port, security: security, options: options)).send(
      from: "drillmark@example.com", to: ["ops@example.com", "dba@example.com"], message: Array("Subject: red\r\n\r\nÜbung\n.\nend\n".utf8),
      login: SMTPLogin(username: MailServer.username, password: password))
  }

  @Test("mail arrives over TLS with the right password", arguments: [SMTPSecurity.startTLS, .implicit])
  func delivered(security: SMTPSecurity) async throws {
    let certificates = try #require(await TestCertificates())
    let server = try #require(await MailServer(certificates, implicitTLS: security == .implicit))
    #expect(send(server.port, security, certificates, password: MailServer.password) == .delivered(reply: "250 taken", refused: []))
    let message = try #require(server.messages.first)
    #expect(message["to"].items.compactMap(\.text) == ["ops@example.com", "dba@example.com"])
    #expect(message["text"].text == "Subject: red\r\n\r\nÜbung\r\n.\r\nend\r\n")
  }

  @Test("a wrong password is refused for good, an unknown certificate for now")
  func refused() async throws {
    let certificates = try #require(await TestCertificates())
    let server = try #require(await MailServer(certificates))
    guard case .permanent(let text) = send(server.port, .startTLS, certificates, password: "wrong battery") else {
      Issue.record("a wrong password must be refused")
      return
    }
    #expect(text.contains("535"))
    #expect(!text.contains("wrong battery"))
    guard case .transient(let reason) = send(server.port, .startTLS, nil, password: MailServer.password) else {
      Issue.record("an unknown authority must be refused")
      return
    }
    #expect(reason.contains("TLS"))
    #expect(server.messages.isEmpty)
  }
}
