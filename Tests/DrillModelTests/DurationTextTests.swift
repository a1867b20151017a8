import DrillModel
import DrillTestSupport
import Foundation
import Testing

@Suite("Durations as text")
struct DurationTextTests {
  @Test(
    "durations are read in both notations",
    arguments: [
      ("90s", 90_000), ("5m", 300_000), ("1h30m", 5_400_000), ("7d", 604_800_000), ("2w", 1_209_600_000), ("500ms", 500),
      ("1.5h", 5_400_000), ("0", 0), ("0s", 0), ("PT5M", 300_000), ("P1DT12H", 129_600_000), ("P2W", 1_209_600_000), ("PT0.5S", 500),
      ("1d2h3m4s5ms", 93_784_005), ("36500d", 3_153_600_000_000),
    ])
  func reads(_ text: String, milliseconds: Int64) { #expect(Duration(text: text)?.inMilliseconds == milliseconds) }

  @Test(
    "what has no fixed or clear length is refused",
    arguments: [
      "", "5", "-5m", "+5m", "5 m", "m", "5mm", "1m1h", "1h1h", "P1M", "P1Y", "P", "PT", "P1DT", "1y", "5M", ".5h", "5.h", "1..5h",
      "1.2.3h",
      "５m", "1e3s", "PT5", "P5", "99999999999d", "5m ", "infs", "nan", "PT1M1H", "0x5s", "1_000s",
    ])
  func refuses(_ text: String) { #expect(Duration(text: text) == nil) }

  @Test(
    "durations are told to people",
    arguments: [
      (0, "0 ms"), (850, "850 ms"), (4200, "4.2 s"), (42_000, "42 s"), (750_000, "12 min 30 s"), (83_100_000, "23 h 5 min"),
      (93_600_000, "26 h"), (792_000_000, "9 d 4 h"), (-4200, "-4.2 s"), (60_000, "1 min"),
    ])
  func readable(_ milliseconds: Int64, _ text: String) { #expect(Duration.milliseconds(milliseconds).readable == text) }

  @Test("seconds of the record are rounded to milliseconds")
  func seconds() {
    #expect(Duration.milliseconds(61_400).inSeconds == 61.4)
    #expect(Duration.microseconds(1999).inMilliseconds == 1)
  }
}
