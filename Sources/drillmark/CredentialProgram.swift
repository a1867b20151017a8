import AWSClient
import DrillModel
import Foundation
import Synchronization
import ToolRunner

/// Runs the program of a profile's `credential_process` under a supervisor: it ends with us, it has a minute, and what it prints is
/// in no log.
enum CredentialProgram {
  private static let limit = 64 << 10
  private static let patience = Duration.seconds(60)

  /// This machine for AWS, with its programs.
  static func host(environment: [String: String], clocks: any Clocks) -> AWSHost {
    var host = AWSHost(environment: environment, clocks: clocks)
    host.runProcess = { try output(of: $0, environment: environment) }
    return host
  }

  /// Blocks until the program has ended: never called from a task.
  private static func output(of words: [String], environment: [String: String]) throws -> [UInt8] {
    let answer = Answer()
    Task {
      do { answer.give(.success(try await run(words, environment))) } catch { answer.give(.failure(error)) }
    }
    return try answer.wait()
  }

  private static func run(_ words: [String], _ environment: [String: String]) async throws -> [UInt8] {
    let name = words.first ?? ""
    let shown = String(name.prefix(200))
    let tools = SupervisedTools(run: "credentials")
    let command = ToolCommand(
      try located(name, by: tools), Array(words.dropFirst()), environment: environment, output: .captured(limit: limit), errors: .discarded)
    let exit = try await tools.run(command, deadline: patience)
    guard exit.isSuccess else {
      let how = exit.status == .timedOut ? "did not end within a minute" : "ended with \(exit.status)"
      throw Fault(
        .credentials, "The credential_process \(shown) \(how)", advice: "Run it by hand to see why", isTransient: true)
    }
    guard exit.output.count < limit else {
      throw Fault(.credentials, "The credential_process \(shown) printed more than \(limit >> 10) KiB, which is no access key")
    }
    return exit.output
  }

  private static func located(_ name: String, by tools: SupervisedTools) throws -> String {
    do { return try tools.locate(name) } catch is Fault {
      throw Fault(
        .credentials, "The credential_process \(name.prefix(200)) is not on this machine",
        advice: "Install it, or correct the profile in AWS's shared files")
    }
  }

  /// Hands a result from a task to a thread that waits for it.
  private final class Answer: Sendable {
    private let isThere = DispatchSemaphore(value: 0)
    private let result = Mutex<Result<[UInt8], any Error>?>(nil)

    func give(_ value: Result<[UInt8], any Error>) {
      result.withLock { $0 = value }
      isThere.signal()
    }

    func wait() throws -> [UInt8] {
      isThere.wait()
      return try result.withLock { try $0?.get() ?? [] }
    }
  }
}
