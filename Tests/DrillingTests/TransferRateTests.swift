import DrillModel
import Drilling
import Testing

@Suite("Rate and time left of a transfer")
struct TransferRateTests {
  /// What is known after noting bytes at seconds.
  private func rate(_ steps: (Double, Int64)...) -> TransferRate {
    var rate = TransferRate()
    for (second, done) in steps { rate.note(done, at: .milliseconds(Int64(second * 1000))) }
    return rate
  }

  @Test("are told once a second has passed, and the time left once the total is known")
  func told() {
    #expect(rate((0, 0), (0.5, 50 << 20)).text(of: 1 << 30) == "")
    let steady = rate((0, 0), (1, 10 << 20), (2, 20 << 20))
    #expect(steady.text(of: 120 << 20) == "10 MiB/s, 10 s left")
    #expect(steady.text(of: nil) == "10 MiB/s" && steady.timeLeft(of: 20 << 20) == nil)
  }

  @Test("follow the last ten seconds, and a standstill promises nothing")
  func window() {
    var rate = TransferRate()
    for second in 0..<60 { rate.note(Int64(second) * 100 << 20, at: .seconds(second)) }
    for second in 60..<80 { rate.note((5900 + Int64(second - 59)) << 20, at: .seconds(second)) }
    #expect(rate.text(of: 5980 << 20) == "1.0 MiB/s, 1 min left")
    for second in 80..<100 { rate.note(5920 << 20, at: .seconds(second)) }
    #expect(rate.text(of: 5980 << 20) == "0 B/s")
  }

  @Test("begin anew when the bytes do, and never overflow or promise centuries")
  func odd() {
    #expect(rate((0, 1 << 30), (1, 2 << 30), (2, 0), (3, 1 << 20), (4, 2 << 20)).text(of: nil) == "1.0 MiB/s")
    #expect(rate((0, 0), (100, 1)).timeLeft(of: .max) == nil)
    #expect(rate((5, 7), (5, 7)).bytesPerSecond == nil)
  }
}
