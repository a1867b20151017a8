import Glibc

/// Ends the process at a named durable step, for tests of what a crash leaves. Inert unless compiled for debugging.
enum CrashPoints {
  /// Reads `DRILLMARK_CRASH_AT` (`sealed`, or `sealed:2` for the second time) in debug builds.
  static func fromEnvironment() -> @Sendable (String) -> Void {
    #if DEBUG
      guard let value = getenv("DRILLMARK_CRASH_AT").map({ String(cString: $0) }) else { return { _ in } }
      return { step in if step == value { kill(getpid(), SIGKILL) } }
    #else
      return { _ in }
    #endif
  }
}
