import CSystem
package import DrillModel

/// The machine's clocks: wall time, and time since boot that counts suspend and never steps.
package struct SystemClocks: Clocks {
  package init() {}

  package func now() -> Timestamp { Timestamp(milliseconds: csystem_wall_milliseconds()) }

  package func elapsed() -> Duration { .nanoseconds(csystem_elapsed_nanoseconds()) }
}
