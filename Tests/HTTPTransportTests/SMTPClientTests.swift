import DrillTestSupport
import HTTPTransport
import Testing

@Suite("Mail over libcurl")
struct SMTPClientTests {
  private let message = Array("Subject: drill\r\n\r\nfirst\n.dot\nlast".utf8)

  private func send(
    _ server: ScriptedMailServer, to recipients: [String] = ["ops@example.com"], from: String = "drillmark@example.com",
    login: SMTPLogin? = nil
  ) -> SMTPOutcome {
    SMTPClient(SMTPServer(host: "127.0.0.1", port: server.port, security: .none)).send(
      from: from, to: recipients, message: message, login: login)
  }

  @Test("a message arrives whole, for every recipient")
  func delivered() {
    let server = ScriptedMailServer()
    let outcome = send(server, to: ["ops@example.com", "dba@example.com"], login: SMTPLogin(username: "u", password: "p4ssw0rd"))
    #expect(outcome == .delivered(reply: "250 fine", refused: []))
    #expect(server.messages == ["Subject: drill\n\nfirst\n.dot\nlast"])
    #expect(server.commands.contains("MAIL FROM:<drillmark@example.com>"))
    #expect(server.commands.contains("RCPT TO:<dba@example.com>"))
    #expect(server.commands.contains { $0.hasPrefix("AUTH") })
  }

  @Test("a refused recipient does not keep the message from the others, and is told")
  func partly() {
    let server = ScriptedMailServer { command, index in command == "RCPT" && index == 0 ? "550 5.1.1 nobody here" : nil }
    let outcome = send(server, to: ["gone@example.com", "ops@example.com"])
    #expect(outcome == .delivered(reply: "250 fine", refused: ["550 5.1.1 nobody here"]))
    #expect(server.messages.count == 1)
  }

  @Test(
    "a 4xx reply is transient and a 5xx one permanent, wherever it comes",
    arguments: ["MAIL", "RCPT", "DATA", "."], [("451 4.3.0 later", true), ("554 5.7.1 never", false)])
  func refused(command: String, reply: (text: String, isTransient: Bool)) {
    let server = ScriptedMailServer { heard, _ in heard == command ? reply.text : nil }
    switch send(server) {
    case .transient(let text): #expect(reply.isTransient && text.contains(reply.text))
    case .permanent(let text): #expect(!reply.isTransient && text.contains(reply.text))
    case let other: Issue.record("unexpected: \(other)")
    }
    #expect(server.messages.isEmpty)
  }

  @Test("a refused login is permanent, and the password shows nowhere")
  func login() {
    let server = ScriptedMailServer { command, _ in command == "AUTH" ? "535 5.7.8 bad credentials" : nil }
    let login = SMTPLogin(username: "someone", password: "p4ssw0rd")
    let outcome = send(server, login: login)
    guard case .permanent(let text) = outcome else {
      Issue.record("unexpected: \(outcome)")
      return
    }
    #expect(text.contains("535 5.7.8 bad credentials"))
    #expect(!"\(outcome) \(login) \(Mirror(reflecting: login).children.map { "\($0)" })".contains("p4ssw0rd"))
  }

  @Test("a server that goes before it had the whole message has nothing; one that goes after it may have it")
  func cut() {
    let early = ScriptedMailServer { command, _ in command == "MAIL" ? "" : nil }
    guard case .transient = send(early) else {
      Issue.record("nothing was handed over yet")
      return
    }
    let late = ScriptedMailServer { command, _ in command == "." ? "" : nil }
    guard case .maybeSent = send(late) else {
      Issue.record("the message was handed over")
      return
    }
  }

  @Test("a server's text is inert and bounded")
  func inert() {
    let nasty = "550 <script>\u{1b}[31m\u{202e}\u{7}" + String(repeating: "x", count: 900)
    guard case .permanent(let text) = send(ScriptedMailServer { command, _ in command == "MAIL" ? nasty : nil }) else {
      Issue.record("a 550 is permanent")
      return
    }
    #expect(text.count < 400)
    #expect(!text.unicodeScalars.contains { $0.value < 32 || $0.value == 0x202e })
  }

  @Test("nobody listening is transient")
  func unreachable() {
    let server = SMTPServer(host: "127.0.0.1", port: LoopbackSocket.freePort(), security: .none)
    guard case .transient = SMTPClient(server).send(from: "a@example.com", to: ["b@example.com"], message: message, login: nil) else {
      Issue.record("a server that is down comes back")
      return
    }
  }

  @Test("no message and no password leave without TLS where TLS was asked for", arguments: [SMTPSecurity.startTLS, .implicit])
  func noTLS(security: SMTPSecurity) {
    let server = ScriptedMailServer()
    var options = HTTPOptions()
    options.connectTimeout = .seconds(3)
    let client = SMTPClient(SMTPServer(host: "127.0.0.1", port: server.port, security: security, options: options))
    let outcome = client.send(
      from: "a@example.com", to: ["b@example.com"], message: message, login: SMTPLogin(username: "u", password: "p"))
    if case .delivered = outcome { Issue.record("it was sent in the clear") }
    #expect(server.messages.isEmpty)
    #expect(!server.commands.contains { $0.hasPrefix("AUTH") || $0.hasPrefix("MAIL") })
  }

  @Test(
    "plain text to another machine, and metadata addresses, are refused",
    arguments: [("mail.example.com", SMTPSecurity.none), ("169.254.169.254", .startTLS), ("2852039166", .implicit)])
  func forbidden(host: String, security: SMTPSecurity) {
    let outcome = SMTPClient(SMTPServer(host: host, port: 2525, security: security)).send(
      from: "a@example.com", to: ["b@example.com"], message: message, login: nil)
    guard case .permanent(let text) = outcome else {
      Issue.record("unexpected: \(outcome)")
      return
    }
    #expect(text.contains(host == "mail.example.com" ? "TLS" : "metadata"))
  }

  @Test(
    "an address that could end a command is refused",
    arguments: ["a@b>\r\nRCPT TO:<x@y", "a b@example.com", "@example.com", "a@", "plain", "a@b@c", "a@b\u{0}c", ""])
  func injection(address: String) {
    let server = ScriptedMailServer()
    guard case .permanent = send(server, to: [address]), case .permanent = send(server, from: address) else {
      Issue.record("it must not be sent")
      return
    }
    #expect(server.commands.isEmpty)
    guard case .permanent = send(server, to: []) else {
      Issue.record("a mail needs a recipient")
      return
    }
  }
}
