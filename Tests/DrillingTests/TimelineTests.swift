import DrillModel
import Testing

@testable import Drilling

@Suite("Timeline")
struct TimelineTests {
  @Test("spans count from the origin, in the order in which they began, and may overlap")
  func overlapping() {
    var timeline = Timeline(origin: .seconds(100))
    timeline.begin(.fetch, at: .seconds(102))
    timeline.begin(.restore, at: .seconds(103))
    timeline.end(.fetch, at: .seconds(107))
    timeline.end(.restore, at: .seconds(109))
    timeline.begin(.select, at: .seconds(101))
    timeline.end(.select, at: .seconds(102))
    #expect(
      timeline.phases == [
        Phase(name: .select, start: 1, end: 2), Phase(name: .fetch, start: 2, end: 7), Phase(name: .restore, start: 3, end: 9),
      ])
  }

  @Test("beginning again goes on with the first span; ending again moves its end")
  func repeated() {
    var timeline = Timeline(origin: .zero)
    timeline.begin(.provision, at: .seconds(1))
    timeline.end(.provision, at: .seconds(2))
    timeline.begin(.provision, at: .seconds(3))
    timeline.end(.provision, at: .seconds(4))
    #expect(timeline.phases == [Phase(name: .provision, start: 1, end: 4)])
  }

  @Test("a phase that never began or never ended is left out")
  func unfinished() {
    var timeline = Timeline(origin: .zero)
    timeline.end(.verify, at: .seconds(1))
    timeline.begin(.ready, at: .seconds(2))
    #expect(timeline.phases.isEmpty)
  }

  @Test("phases that begin in the same moment keep the order of a run")
  func ties() {
    var timeline = Timeline(origin: .zero)
    for name in [PhaseName.cleanup, .restore, .select] {
      timeline.begin(name, at: .seconds(1))
      timeline.end(name, at: .seconds(1))
    }
    #expect(timeline.phases.map(\.name) == [.select, .restore, .cleanup])
  }
}
