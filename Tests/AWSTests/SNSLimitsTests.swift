import AWSClient
import Testing

@Suite("What SNS takes")
struct SNSLimitsTests {
  @Test(
    "a subject of any text fits",
    arguments: [
      ("FAILED orders: RPO 1 h 2 min > 1 h", "FAILED orders: RPO 1 h 2 min > 1 h"), ("a\r\nBcc: x@example.com", "a Bcc: x@example.com"),
      ("Übung\u{202e}fehl\u{0}geschlagen", "?bung fehl geschlagen"), ("   padded  ", "padded"), ("<script>$(id)", "<script>$(id)"),
    ])
  func subject(text: String, expected: String) {
    #expect(SNSLimits.subject(text) == expected)
  }

  @Test("a long subject is cut to 99 characters and an empty one is none")
  func subjectLength() {
    #expect(SNSLimits.subject(String(repeating: "x", count: 99)) == String(repeating: "x", count: 99))
    #expect(SNSLimits.subject(String(repeating: "x", count: 10_000))?.count == 99)
    #expect(SNSLimits.subject(String(repeating: "x", count: 100))?.hasSuffix("x...") == true)
    #expect(SNSLimits.subject("\n\u{7}") == nil)
  }

  @Test("a text that is too long is cut at a character and says so, attributes counted")
  func fitted() {
    let attributes: [String: SNSAttribute] = ["drill": .string(String(repeating: "d", count: 1000))]
    let long = SNSMessage(topic: "t", subject: nil, text: String(repeating: "🚨", count: 100_000), attributes: attributes)
    let (message, isShortened) = SNSLimits.fitted(long)
    #expect(isShortened)
    #expect(message.byteCount <= SNSLimits.messageBytes)
    #expect(message.byteCount > SNSLimits.messageBytes - 200)
    #expect(message.text.contains("🚨\n[shortened: "))
    #expect(!message.text.contains("\u{fffd}"))
    #expect(message.attributes == attributes)
  }

  @Test("a text that just fits stays as it is")
  func exact() {
    let message = SNSMessage(topic: "t", subject: nil, text: String(repeating: "x", count: SNSLimits.messageBytes))
    #expect(SNSLimits.fitted(message).isShortened == false)
    #expect(SNSLimits.fitted(message).message == message)
  }
}
