/// The parts of a run, in the order in which they begin. Streamed phases overlap.
package enum PhaseName: String, Sendable, Codable, CaseIterable {
  case select, fetch, provision, restore, recover, ready, verify, cleanup
}

/// One phase that happened, in seconds on the run's monotonic clock from its claim.
package struct Phase: Sendable, Hashable, Codable {
  package var name: PhaseName
  package var start: Double
  package var end: Double

  package init(name: PhaseName, start: Double, end: Double) {
    self.name = name
    self.start = start
    self.end = end
  }

  private enum CodingKeys: String, CodingKey {
    case name
    case start = "start_s"
    case end = "end_s"
  }
}
