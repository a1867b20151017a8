package import DrillModel
import Glibc

/// The machine's clocks: wall time, and time since boot that counts suspend and never steps.
package struct SystemClocks: Clocks {
  package init() {}

  package func now() -> Timestamp {
    let time = read(CLOCK_REALTIME)
    return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
  }

  package func elapsed() -> Duration {
    let time = read(CLOCK_BOOTTIME)
    return .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec))
  }

  private func read(_ clock: clockid_t) -> timespec {
    var time = timespec()
    clock_gettime(clock, &time)
    return time
  }
}
