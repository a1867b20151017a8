import DrillModel
import Foundation
import Testing

@Suite("Timestamps")
struct TimestampTests {
  @Test(
    "RFC 3339 is read",
    arguments: [
      ("1970-01-01T00:00:00Z", 0), ("2026-11-22T03:00:00.000Z", 1_795_316_400_000), ("2026-11-22T04:00:00+01:00", 1_795_316_400_000),
      ("2026-11-22 03:00:00.5Z", 1_795_316_400_500), ("2026-11-22t03:00:00.123456z", 1_795_316_400_123), ("1969-12-31T23:59:59.999Z", -1),
      ("2024-02-29T00:00:00Z", 1_709_164_800_000), ("0000-01-01T00:00:00Z", -62_167_219_200_000),
      ("2026-01-01T00:00:00-23:59", 1_767_311_940_000),
    ])
  func reads(_ text: String, milliseconds: Int64) { #expect(Timestamp(rfc3339: text)?.milliseconds == milliseconds) }

  @Test(
    "what is not exactly RFC 3339 is refused",
    arguments: [
      "", "2026-11-22", "2026-11-22T03:00:00", "2026-02-30T00:00:00Z", "2025-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
      "2026-11-22T24:00:00Z", "2026-11-22T03:60:00Z", "2026-11-22T03:00:60Z", "2026-11-22T03:00:00Zgarbage", "2026-11-22T03:00Z",
      "2026-11-22T03:00:00.Z", "2026-11-22T03:00:00+0100", "2026-11-22T03:00:00+24:00", " 2026-11-22T03:00:00Z", "+026-11-22T03:00:00Z",
      "2026-11-22T03:00:00,5Z", "２026-11-22T03:00:00Z", "2026-11-22T03:00:00.1234567890123456789Z",
    ])
  func refuses(_ text: String) { #expect(Timestamp(rfc3339: text) == nil) }

  @Test("text and instant are each other's inverse, before and after 1970")
  func roundTrip() {
    for step in stride(from: Int64(-40_000_000_000_000), to: 200_000_000_000_000, by: 733_333_333_337) {
      let instant = Timestamp(milliseconds: step)
      #expect(Timestamp(rfc3339: instant.description) == instant)
      #expect(Timestamp(utc: instant.utc) == instant)
    }
  }

  @Test("the forms for the record and for people")
  func forms() {
    let instant = Timestamp(milliseconds: 1_795_316_400_007)
    #expect(instant.description == "2026-11-22T03:00:00.007Z")
    #expect(instant.readable == "2026-11-22 03:00:00 UTC")
    #expect(Timestamp(milliseconds: -1).seconds == -1)
  }

  @Test("arithmetic keeps signs")
  func arithmetic() {
    let early = Timestamp(seconds: 10)
    let late = Timestamp(seconds: 70)
    #expect(late - early == .seconds(60))
    #expect(early - late == .seconds(-60))
    #expect(early + .seconds(60) == late)
    #expect(early < late)
  }
}
