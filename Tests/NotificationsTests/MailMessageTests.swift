import Alerting
import DrillModel
import HTTPTransport
import Testing

@testable import Notifications

@Suite("A notice as mail")
struct MailMessageTests {
  private func mail(_ drill: String) -> String {
    MailMessage(ChannelContractTests.notice(drill), from: "drills@example.com", to: ["a@example.com", "b@example.com"]).text
  }

  private func head(_ mail: String) -> Substring { mail[..<(mail.firstRange(of: "\r\n\r\n")?.lowerBound ?? mail.endIndex)] }

  @Test("has the headers of RFC 5322, the same on each attempt") func headers() {
    let text = mail("orders")
    #expect(text == mail("orders"))
    #expect(
      head(text) == """
        From: drills@example.com\r
        To: a@example.com,\r
         b@example.com\r
        Subject: Drill orders FAILED: orders\r
        Date: Wed, 18 Nov 2026 11:06:40 +0000\r
        Message-ID: <failed-0123456789abcdef@example.com>\r
        Auto-Submitted: auto-generated\r
        X-Drillmark-Event: failed\r
        MIME-Version: 1.0\r
        Content-Type: text/plain; charset=utf-8\r
        Content-Transfer-Encoding: 7bit
        """)
  }

  @Test(
    "a hostile name adds no header and no long line",
    arguments: ["a\r\nBcc: x@y", "ü" + String(repeating: "é", count: 5000), "=?utf-8?Q?x?=", "😀\u{202E}"])
  func hostile(_ name: String) {
    let text = mail(name)
    let names = head(text).split(separator: "\r\n").filter { !$0.hasPrefix(" ") }.compactMap { $0.split(separator: ":").first }
    #expect(names.count == 10 && !names.contains("Bcc"))
    #expect(text.utf8.allSatisfy { $0 == 13 || $0 == 10 || (32...126).contains($0) })
    #expect(text.split(separator: "\r\n").allSatisfy { $0.utf8.count <= 998 })
  }

  @Test("a mail server's URL says how it is reached") func servers() {
    #expect(MailServer("smtps://mail.example.com")?.port == 465 && MailServer("smtps://h:2465")?.security == .implicit)
    #expect(MailServer("smtp://mail.example.com")?.port == 587 && MailServer("smtp://h")?.security == .startTLS)
    #expect(MailServer("smtp://127.0.0.1:2525")?.security == .some(.none) && MailServer("smtp://[::1]")?.port == 25)
    #expect(MailServer("http://h") == nil && MailServer("smtp://h:0") == nil)
  }
}
