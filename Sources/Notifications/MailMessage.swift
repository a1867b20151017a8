import Alerting
import DrillConfig
import DrillModel

/// A notice as a mail (RFC 5322) of plain text, the same bytes on every attempt.
struct MailMessage {
  let text: String

  init(_ notice: Notice, from: String, to: [String]) {
    let words = NoticeText(notice)
    let domain = from.split(separator: "@").last.map(String.init) ?? "localhost"
    let body = MailBody(words.body)
    var headers = [
      "From: \(from)", "To: \(to.joined(separator: ",\r\n "))", "Subject: \(MailHeader.encoded(words.title))",
      "Date: \(MailHeader.date(notice.toldAt))", "Message-ID: <\(notice.id)@\(domain)>",
    ]
    // Mail programs show the messages of one incident as one conversation.
    if let incident = notice.incident {
      headers.append("References: <incident-\(NoticeDigest.of("\(notice.drill)\n\(incident)"))@\(domain)>")
    }
    headers += [
      "Auto-Submitted: auto-generated", "X-Drillmark-Event: \(notice.event.rawValue)", "MIME-Version: 1.0",
      "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: \(body.encoding)",
    ]
    text = headers.joined(separator: "\r\n") + "\r\n\r\n" + body.text
  }
}

/// The values of mail headers.
enum MailHeader {
  /// Text as it stands in a header: printable ASCII as it is, anything else in encoded words of at most 75 characters (RFC 2047).
  static func encoded(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { (32...126).contains($0) } && !text.contains("=?")
    if isPlain { return folded(text) }
    var words: [String] = []
    var current = ""
    for scalar in text.unicodeScalars {
      let piece = String(scalar).utf8.map(quoted).joined()
      if current.utf8.count + piece.utf8.count > 60 {
        words.append(current)
        current = ""
      }
      current += piece
    }
    return (words + [current]).map { "=?utf-8?Q?\($0)?=" }.joined(separator: "\r\n ")
  }

  /// Lines of at most about 76 characters, broken before a space (RFC 5322 section 2.2.3).
  private static func folded(_ text: String) -> String {
    var lines = [""]
    for word in text.split(separator: " ", omittingEmptySubsequences: false) {
      let last = lines[lines.count - 1]
      if !last.isEmpty, last.utf8.count + word.utf8.count > 64, !word.isEmpty {
        lines.append(" " + word)
      } else {
        lines[lines.count - 1] = last.isEmpty && lines.count == 1 ? String(word) : "\(last) \(word)"
      }
    }
    return lines.joined(separator: "\r\n")
  }

  private static func quoted(_ byte: UInt8) -> String {
    let isPlain = (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    if isPlain { return String(decoding: [byte], as: UTF8.self) }
    return byte == 32 ? "_" : "=" + MailHeader.hexadecimal(byte)
  }

  static func hexadecimal(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16, uppercase: true)
    return digits.utf8.count == 1 ? "0\(digits)" : digits
  }

  /// `Sun, 22 Nov 2026 03:00:00 +0000` (RFC 5322 section 3.3).
  static func date(_ time: Timestamp) -> String {
    let civil = time.utc
    let days = time.seconds.flooredQuotient(86_400)
    // 1970-01-01 was a Thursday.
    let day = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][Int((days % 7 + 7) % 7)]
    let month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][civil.month - 1]
    return "\(day), \(civil.day) \(month) \(civil.year) \(time.description.dropFirst(11).prefix(8)) +0000"
  }
}

/// The text of a mail, encoded where it must be.
struct MailBody {
  let text: String
  let encoding: String

  /// ASCII of short lines goes as it is; anything else as quoted-printable (RFC 2045 section 6.7).
  init(_ text: String) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let isPlain = text.utf8.allSatisfy { $0 == 10 || (32...126).contains($0) } && lines.allSatisfy { $0.utf8.count <= 900 }
    encoding = isPlain ? "7bit" : "quoted-printable"
    self.text = (isPlain ? lines.map(String.init) : lines.map(MailBody.quoted)).joined(separator: "\r\n")
  }

  private static func quoted(_ line: Substring) -> String {
    var result = ""
    var width = 0
    let bytes = Array(line.utf8)
    for (index, byte) in bytes.enumerated() {
      let isPlain = (33...126).contains(byte) && byte != UInt8(ascii: "=") || (byte == 32 && index < bytes.count - 1)
      let piece = isPlain ? String(decoding: [byte], as: UTF8.self) : "=" + MailHeader.hexadecimal(byte)
      if width + piece.utf8.count > 74 {
        result += "=\r\n"
        width = 0
      }
      result += piece
      width += piece.utf8.count
    }
    return result
  }
}
