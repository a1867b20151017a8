package import DrillModel
import Glibc
package import HTTPTransport

/// The machine that AWS is called from: its variables, files, clocks, and chance, each of which a test can replace.
package struct AWSHost: Sendable {
  package var environment: [String: String]
  /// A whole file; nil when there is none.
  package var readFile: @Sendable (String) throws -> [UInt8]?
  package var clocks: any Clocks
  /// Even over 0 up to 1.
  package var random: @Sendable () -> Double
  /// Blocks for a span, or until the flag is set.
  package var sleep: @Sendable (Duration, Cancellation?) -> Void
  /// What credential providers ask metadata services and token services with, one for each of their calls.
  package var http: @Sendable () throws -> any HTTPExchanging
  /// Runs the program of a profile's `credential_process`, given as its words, and gives what it wrote to standard output. Nil where
  /// none may be run. Throws a fault without any of its output.
  package var runProcess: (@Sendable ([String]) throws -> [UInt8])?

  /// This machine, with an environment and clocks of the caller's.
  package init(environment: [String: String], clocks: any Clocks) {
    self.environment = environment
    self.clocks = clocks
    readFile = AWSHost.file
    random = { Double.random(in: 0..<1) }
    sleep = AWSHost.pause
    http = { try HTTPClient() }
  }

  /// Bytes of a configuration file that are read; a longer one is an error.
  static let fileLimit = 1 << 20

  private static func file(_ path: String) throws -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw Fault(
        .credentials, "\(path) cannot be read: \(String(cString: strerror(errno)))",
        advice: "Make it readable for the user that runs drills")
    }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw Fault(.credentials, "\(path) cannot be read: \(String(cString: strerror(errno)))") }
      if count == 0 { return bytes }
      bytes += buffer.prefix(count)
      guard bytes.count <= fileLimit else { throw Fault(.credentials, "\(path) is larger than 1 MiB, which no AWS configuration is") }
    }
  }

  private static func pause(_ span: Duration, _ cancellation: Cancellation?) {
    var left = span.inMilliseconds
    while left > 0, cancellation?.isCancelled != true {
      let step = min(left, 200)
      usleep(UInt32(step * 1000))
      left -= step
    }
  }
}
