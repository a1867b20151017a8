import DrillModel
import Scheduling

/// Compares the wall clock with the one that never steps, from look to look.
struct ClockWatch {
  private var last: (wall: Timestamp, elapsed: Duration)?
  /// By how much the wall clock was set since the look before; nil when it just ran.
  private(set) var step: Duration?

  /// A difference that clocks being slewed, or a slow look, do not make.
  private static let tolerance = Duration.seconds(60)

  mutating func look(_ clocks: any Clocks) -> DueLook {
    let (wall, elapsed) = (clocks.now(), clocks.elapsed())
    defer { last = (wall, elapsed) }
    step = nil
    guard let last else { return DueLook(now: wall) }
    let difference = (wall - last.wall) - (elapsed - last.elapsed)
    if difference > ClockWatch.tolerance || difference < .zero - ClockWatch.tolerance { step = difference }
    return DueLook(now: wall, previous: last.wall, skippedTime: difference > ClockWatch.tolerance)
  }
}

/// Notices that files changed, and waits until they have stopped changing.
struct FileWatch {
  private var current: String?
  private var seen: String?

  /// Whether a change is still being waited out.
  var isUnsettled: Bool { seen != current }

  /// The version that was just read.
  mutating func settle(on version: String) {
    current = version
    seen = version
  }

  /// Whether the files are to be read: they differ from what was read, and not from the look before.
  mutating func shouldRead(_ version: String) -> Bool {
    defer { seen = version }
    return version != current && version == seen
  }
}
