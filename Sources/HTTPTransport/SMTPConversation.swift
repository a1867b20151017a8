internal import CCurl
import DrillModel

/// The server's side of one delivery, read from its reply lines.
struct SMTPConversation {
  private let replies: [(code: Int, text: String)]
  private let recipients: Int
  private let isUploaded: Bool
  private let refusal: String?

  init(_ exchange: Exchange, recipients: Int) {
    // Only the last line of a reply has a space after its code (RFC 5321 section 4.2.1).
    replies = exchange.lines.compactMap { line in
      guard line.utf8.count >= 3, let code = Int(line.prefix(3)), (200...599).contains(code), line.dropFirst(3).first != "-" else {
        return nil
      }
      return (code, InertText.line(line, limit: 200))
    }
    self.recipients = recipients
    isUploaded = exchange.isUploaded
    refusal = exchange.refusal
  }

  func outcome(_ code: CURLcode, _ handle: CurlHandle, _ destination: Destination) -> SMTPOutcome {
    let start = replies.firstIndex { $0.code == 354 }
    let final = start.flatMap { replies[($0 + 1)...].first }
    if let start, let final, (200...299).contains(final.code) {
      // The replies to the recipients stand right before the one to DATA.
      return .delivered(reply: final.text, refused: replies[..<start].suffix(recipients).filter { $0.code >= 400 }.map(\.text))
    }
    if let final { return refused(final.code, "\(destination) refused the message: \(final.text)") }
    if start != nil, isUploaded {
      return .maybeSent("\(destination) did not answer after the message was handed over: \(handle.complaint(code))")
    }
    if let refusal { return .permanent("\(destination) may not be reached: \(refusal)") }
    if code == CURLE_LOGIN_DENIED {
      let last = replies.last { $0.code >= 400 }
      return refused(last?.code ?? 535, "\(destination) refused the login: \(last?.text ?? "no reason given")")
    }
    // The end of a connection is no refusal, even when one recipient was refused before.
    let isRefusal = ![CURLE_RECV_ERROR, CURLE_GOT_NOTHING, CURLE_OPERATION_TIMEDOUT, CURLE_ABORTED_BY_CALLBACK].contains(code)
    if isRefusal, let last = replies.last(where: { $0.code >= 400 }) {
      return refused(last.code, "\(destination) refused: \(last.text)")
    }
    let error = handle.failure(code, "\(destination)", maybeSent: false, status: nil)
    return error.isTransient ? .transient(error.message) : .permanent(error.message)
  }

  private func refused(_ code: Int, _ message: String) -> SMTPOutcome { code < 500 ? .transient(message) : .permanent(message) }
}
