import Glibc
import Synchronization

/// Ends the process at a named durable step, for tests of what a crash leaves. Inert unless compiled for debugging.
enum CrashPoints {
  /// Reads `DRILLMARK_CRASH_AT` (`sealed`, or `sealed:2` for the second time) and `DRILLMARK_CRASH_LOG`, a file that gets the name of each
  /// step passed, in debug builds.
  static func fromEnvironment() -> @Sendable (String) -> Void {
    #if DEBUG
      return { step in
        passed.withLock { counts in
          counts[step, default: 0] += 1
          let count = counts[step, default: 1]
          let name = count == 1 ? step : "\(step):\(count)"
          note(name)
          if name == target { kill(getpid(), SIGKILL) }
        }
      }
    #else
      return { _ in }
    #endif
  }

  #if DEBUG
    private static let target = getenv("DRILLMARK_CRASH_AT").map { String(cString: $0) }
    private static let log: Int32? = getenv("DRILLMARK_CRASH_LOG").map { open($0, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600) }
    private static let passed = Mutex<[String: Int]>([:])

    private static func note(_ name: String) {
      if let log { drillmark.write(name + "\n", to: log) }
    }
  #endif
}
