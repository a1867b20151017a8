import Foundation
import Glibc

/// What one process took, with all the descendants that were waited for.
struct Measurement {
  /// Seconds on a monotonic clock from before the start to after the end.
  var wall: Double
  /// Processor seconds, user and system.
  var cpu: Double
}

/// Runs programs and measures them.
struct ChildProcess {
  let arguments: [String]
  /// The file that takes standard output; the error output goes beside it.
  let output: String

  var errors: String { output + ".err" }

  /// Runs the program to its end.
  ///
  /// - Parameter poll: Called with the process id every few milliseconds while it runs; it lengthens the run.
  /// - Throws: `Failure` when the program cannot be started or does not exit with 0; it quotes the last words.
  func run(poll: ((pid_t) -> Void)? = nil) throws -> Measurement {
    let clock = ContinuousClock()
    let start = clock.now
    let pid = try spawn()
    var status: Int32 = 0
    var usage = rusage()
    if let poll {
      while wait4(pid, &status, WNOHANG, &usage) == 0 {
        poll(pid)
        usleep(20_000)
      }
    } else {
      while wait4(pid, &status, 0, &usage) < 0, errno == EINTR {}
    }
    let wall = (clock.now - start) / .seconds(1)
    guard status == 0 else { throw Failure("\(arguments[0]) ended with \(Self.ending(status)): \(lastWords)") }
    return Measurement(wall: wall, cpu: Self.seconds(usage.ru_utime) + Self.seconds(usage.ru_stime))
  }

  /// What the program wrote to standard output.
  func answer() throws -> String { try String(contentsOfFile: output, encoding: .utf8) }

  private func spawn() throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    // A thread of ours may have signals blocked, and a shell that never hears of its children waits for ever.
    var attributes = posix_spawnattr_t()
    var none = sigset_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    let environment = ProcessInfo.processInfo.environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    let values = arguments.map { strdup($0) } + [nil]
    defer { for pointer in environment + values { free(pointer) } }
    var pid: pid_t = 0
    let result = posix_spawnp(&pid, arguments[0], &actions, &attributes, values, environment)
    guard result == 0 else { throw Failure("\(arguments[0]) cannot be started: \(String(cString: strerror(result)))") }
    return pid
  }

  private var lastWords: String {
    let texts = [errors, output].map { (try? String(contentsOfFile: $0, encoding: .utf8)) ?? "" }
    let lines = texts.flatMap { $0.split(separator: "\n").suffix(3) }
    return lines.joined(separator: "; ")
  }

  private static func ending(_ status: Int32) -> String {
    status & 0x7f == 0 ? "status \(status >> 8 & 0xff)" : "signal \(status & 0x7f)"
  }

  private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
}
