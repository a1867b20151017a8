import Testing

@testable import DrillConfig

@Suite("The nearest name") struct NearestNameTests {
  private let names = ["match", "select", "settle", "name-timezone", "window", "rpo", "rto"]

  @Test(
    "is found across one slip, two letters swapped, and case",
    arguments: [
      ("mach", "match"), ("mathc", "match"), ("Select", "select"), ("setle", "settle"), ("timezone", nil),
      ("nametimezone", "name-timezone"), ("rop", "rpo"), ("rpt", "rpo"),
    ])
  func found(_ text: String, _ name: String?) { #expect(nearestName(to: text, among: names) == name) }

  @Test("is none for what resembles nothing", arguments: ["", "x", "zzzzzz", "password", String(repeating: "m", count: 100_000)])
  func none(_ text: String) { #expect(nearestName(to: text, among: names) == nil) }
}
