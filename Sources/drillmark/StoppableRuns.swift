import ArgumentParser
import Dispatch
import Glibc

/// Turns the first SIGINT, SIGTERM or SIGHUP into cancellation, so that tools end, targets go and the record says so.
struct StoppableRuns {
  func carryOut(_ work: @escaping @Sendable () async -> ExitCode) async -> ExitCode {
    let task = Task(operation: work)
    let sources = [SIGINT, SIGTERM, SIGHUP].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        tell("drillmark: stopping; cleaning up first")
        task.cancel()
      }
      source.resume()
      return source
    }
    defer { for source in sources { source.cancel() } }
    return await task.value
  }
}
