import DrillModel
import Testing

@Suite("Text from outside")
struct InertTextTests {
  @Test(
    "what controls, hides or reorders text is made visible, and a space in the middle of a sentence",
    arguments: [
      "\n", "\r", "\t", "\0", "\u{1B}", "\u{7F}", "\u{85}", "\u{AD}", "\u{61C}", "\u{200B}", "\u{202E}", "\u{2028}", "\u{2066}", "\u{3164}",
      "\u{E000}", "\u{FEFF}", "\u{FFFF}", "\u{E0041}",
    ] as [Unicode.Scalar])
  func active(_ scalar: Unicode.Scalar) {
    let text = "a\(scalar)b"
    #expect(InertText.whole(text) == "a\\u{\(String(scalar.value, radix: 16))}b" && InertText.of(text) == InertText.whole(text))
    #expect(InertText.line(text, limit: 9) == "a b")
    #expect(InertText.ascii(text, limit: 9) == "a?b")
  }

  @Test(
    "names of any script stay as they are",
    arguments: ["orders-2", "Größe", "東京", "עברית", "हिन्दी", "👍🏽", "❤️", "a  b", "$(id) <script> %s", "\u{FFFD}", "e\u{301}", ""])
  func harmless(_ name: String) {
    #expect(InertText.whole(name) == name && InertText.of(name) == name)
    #expect(Array(InertText.whole(name).utf8) == Array(name.utf8))
  }

  @Test("long text is cut where a character ends, and says so") func long() {
    let name = String(repeating: "ü", count: 10_000)
    #expect(InertText.of(name, limit: 9) == "üüüü…")
    #expect(InertText.of("\n\n", limit: 7) == "\\u{a}…", "an escape is never cut in the middle")
    #expect(InertText.line(name, limit: 5) == "üüüü…")
    #expect(InertText.ascii("ab“cd”…", limit: 9) == "ab\"cd\"..." && InertText.ascii(name, limit: 5) == "??...")
    #expect(InertText.whole(name) == name)
  }
}
