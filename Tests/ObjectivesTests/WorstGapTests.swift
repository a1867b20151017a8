import DrillModel
import Objectives
import Testing

private let hour = Duration.seconds(3600)
private let day = Duration.seconds(86_400)
private let now = Timestamp(seconds: 1_795_316_400)

/// Times so many hours before the failure instant.
private func ago(_ hours: [Double]) -> [Timestamp] { hours.map { now - .milliseconds(Int64($0 * 3_600_000)) } }

@Suite("The worst gap")
struct WorstGapTests {
  private func worst(_ points: [Double], previous: Double? = nil, window: Duration = .seconds(30 * 86_400)) -> GapFigures {
    worstGap(points: ago(points), previousSealed: previous.map { ago([$0])[0] }, failureInstant: now, window: window)
  }

  @Test("a weekly drill minutes after a nightly backup still says a day")
  func nightly() {
    let nights = (0..<7).map { Double($0) * 24 + 0.25 }
    let figures = worst(nights, previous: 7 * 24)
    #expect(figures.sinceLastRun?.length == day)
    #expect(figures.sinceLastRun?.isOpen == false)
  }

  @Test("a missed night is seen once, and not for a month after")
  func missedNight() {
    let nights: [Double] = [1, 25, 49, 97, 121, 145, 169, 193, 217]
    #expect(worst(nights, previous: 168).sinceLastRun?.length == .seconds(48 * 3600))
    #expect(worst(nights, previous: 40).sinceLastRun?.length == day)
    #expect(worst(nights, previous: 40).window?.length == .seconds(48 * 3600))
  }

  @Test("a span counts when it ended after the previous run, not at it")
  func endedSince() {
    #expect(worst([0, 10, 60], previous: 10).sinceLastRun?.length == .seconds(10 * 3600))
    #expect(worst([0, 10, 60], previous: 10.01).sinceLastRun?.length == .seconds(50 * 3600))
  }

  @Test("the open span up to now counts, whenever the last point was")
  func openSpan() {
    let figures = worst([50, 51, 52], previous: 1)
    #expect(figures.sinceLastRun?.length == .seconds(50 * 3600))
    #expect(figures.sinceLastRun?.isOpen == true)
    #expect(figures.sinceLastRun?.to == now)
  }

  @Test("the first run looks at the window, and a point before the window bounds it")
  func firstRun() {
    let figures = worst([1, 24 * 29, 24 * 40, 24 * 90], window: .seconds(30 * 86_400))
    #expect(figures.sinceLastRun?.length == .seconds(24 * 29 * 3600 - 3600))
    let bounded = worst([1, 2, 24 * 29.9, 24 * 80], window: .seconds(30 * 86_400))
    #expect(bounded.sinceLastRun?.from == ago([24 * 80])[0])
  }

  @Test("a span that ended before the window does not count, one that ends on its edge does")
  func windowEdge() {
    #expect(worst([1, 10, 30, 200], window: .seconds(24 * 3600)).window?.length == .seconds(20 * 3600))
    #expect(worst([1, 10, 24, 200], window: .seconds(24 * 3600)).window?.length == .seconds(176 * 3600))
  }

  @Test("with no point or one point ever there is no figure, and the reason says so", arguments: [[], [5.0], [5.0, 5.0]])
  func unknownCadence(_ points: [Double]) {
    let figures = worst(points)
    #expect(figures.sinceLastRun == nil && figures.window == nil)
    #expect(figures.unknownBecause?.contains("cadence") == true)
  }

  @Test("points after the failure instant are not there, but within the clock skew they count as of now")
  func later() {
    let figures = worstGap(points: ago([10, 5, -1]), previousSealed: nil, failureInstant: now, window: day)
    #expect(figures.sinceLastRun?.length == .seconds(5 * 3600))
    let skewed = worstGap(points: ago([10, 5, -0.05]), previousSealed: nil, failureInstant: now, window: day, clockSkew: .seconds(300))
    #expect(skewed.sinceLastRun?.to == now)
    #expect(skewed.sinceLastRun?.isOpen == false || skewed.sinceLastRun?.length == .seconds(5 * 3600))
  }

  @Test("two equally long gaps give the later one")
  func ties() { #expect(worst([0, 10, 20], previous: 100).sinceLastRun?.to == now) }

  @Test("the order of the points does not matter, and no other pair is further apart")
  func property() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<200 {
      let points = (0..<Int.random(in: 2...30, using: &random)).map { _ in Double.random(in: 0...1000, using: &random) }
      let figures = worst(points.shuffled(using: &random), window: .seconds(2000 * 3600))
      let sorted = ago(points).sorted() + [now]
      let expected = zip(sorted, sorted.dropFirst()).map { $1 - $0 }.max()
      #expect(figures.sinceLastRun?.length == expected)
    }
  }

  @Test("pruned points are remembered, listed ones have their present time, rejected ones do not count")
  func points() {
    let at = ago([1, 2, 3, 4])
    let points = gapPoints(listed: ["a": at[0]], rejected: ["c"], remembered: ["a": at[3], "b": at[1], "c": at[2]])
    #expect(points == [at[1], at[0]])
  }

  @Test("a rejected file does not close the gap that a good one would have")
  func rejected() {
    let remembered = ["old": now - .seconds(48 * 3600), "older": now - .seconds(72 * 3600), "bad": now - hour]
    let points = gapPoints(listed: [:], rejected: ["bad"], remembered: remembered)
    let figures = worstGap(points: points, previousSealed: nil, failureInstant: now, window: .seconds(30 * 86_400))
    #expect(figures.sinceLastRun?.length == .seconds(48 * 3600))
  }
}
