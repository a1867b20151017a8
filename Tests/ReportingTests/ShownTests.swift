import DrillModel
import Reporting
import Testing

@Suite("How values stand in a report")
struct ShownTests {
  @Test("what controls, hides or reorders text is made visible") func inert() {
    #expect(
      Shown.text("a\u{202E}b\n\u{0}c\u{2066}\u{200B}\u{FEFF}\u{E0041}") == "a\\u{202e}b\\u{a}\\u{0}c\\u{2066}\\u{200b}\\u{feff}\\u{e0041}")
    #expect(Shown.text("Größe 東京 עברית 👍") == "Größe 東京 עברית 👍")
  }

  @Test("a name of ten thousand characters is cut, and says so") func long() {
    #expect(Shown.name(String(repeating: "x", count: 10_000)) == String(repeating: "x", count: 80) + "… (10000 characters)")
    #expect(Shown.name(String(repeating: "x", count: 80)).count == 80)
  }

  @Test(
    "what is not all never reads as all, nor what is not none as none",
    arguments: [(1.0, "100 %"), (0.9999, "99.9 %"), (0.995, "99.5 %"), (0.95, "95 %"), (0.0001, "0.1 %"), (0, "0 %"), (0.4385, "44 %")])
  func percent(_ share: Double, _ text: String) { #expect(Shown.percent(share) == text) }

  @Test("numbers and spans") func numbers() {
    #expect([0, 999, 1000, 1_234_567, -1000].map(Shown.grouped) == ["0", "999", "1,000", "1,234,567", "-1,000"])
    #expect(Shown.span(.infinity) == "not recovered" && Shown.span(90) == "1 min 30 s" && Shown.span(nil) == "–")
    #expect(Shown.count(1, "run") == "1 run" && Shown.count(2, "entry", "entries") == "2 entries")
  }
}
