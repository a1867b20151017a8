import Glibc
import Synchronization

/// The three streams that every process starts with, made safe for one whose life depends on what it prints.
enum StandardStreams {
  private static let failure = Atomic<Int32>(0)

  /// Fills what the caller closed, or a file opened next would take its number and be written to as standard output; and sees to it that an
  /// answer which could not be written whole does not end with status 0.
  static func prepare() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 { _ = open("/dev/null", O_RDWR) }
    on_exit({ status, _ in StandardStreams.finish(status) }, nil)
  }

  static func outputFailed(_ code: Int32) { failure.store(code, ordering: .relaxed) }

  private static func finish(_ status: Int32) {
    let code = failure.load(ordering: .relaxed)
    guard code != 0 else { return }
    tell("drillmark: standard output could not be written: \(String(cString: strerror(code))). What it shows is not complete")
    if status == 0 { _exit(2) }
  }
}
