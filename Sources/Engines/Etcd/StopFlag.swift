import DrillModel
import Glibc
import Synchronization
import ToolRunner

/// Tells a thread that blocks that its task was cancelled.
final class StopFlag: Sendable {
  private let state = Mutex(State())

  private struct State {
    var isStopped = false
    var sockets: [Descriptor] = []
  }

  var isStopped: Bool { state.withLock { $0.isStopped } }

  /// Ends every wait of the work.
  func stop() {
    state.withLock { state in
      state.isStopped = true
      for socket in state.sockets { shutdown(socket.raw, Int32(SHUT_RDWR)) }
      state.sockets = []
    }
  }

  /// A socket whose waits `stop` ends.
  func watch(_ socket: Descriptor) {
    state.withLock { state in
      if state.isStopped { shutdown(socket.raw, Int32(SHUT_RDWR)) } else { state.sockets.append(socket) }
    }
  }

  /// Reads what comes next of a pipe or file; 0 at the end.
  ///
  /// - Throws: `CancellationError` once stopped, and `Fault` for what cannot be read.
  func read(_ input: Descriptor, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    while true {
      if isStopped { throw CancellationError() }
      var waiting = pollfd(fd: input.raw, events: Int16(POLLIN), revents: 0)
      guard poll(&waiting, 1, 200) != 0 else { continue }
      let count = Glibc.read(input.raw, buffer.baseAddress, buffer.count)
      if count < 0, errno == EINTR || errno == EAGAIN { continue }
      guard count >= 0 else {
        throw Fault(.backupUnreadable, "reading the backup failed: \(systemMessage(errno))", isTransient: true)
      }
      return count
    }
  }

  /// Carries out work that blocks on a thread of its own, and ends it when the task is cancelled.
  static func run<T: Sendable>(_ name: String, _ body: @escaping @Sendable (StopFlag) throws -> T) async throws -> T {
    let flag = StopFlag()
    return try await withTaskCancellationHandler {
      try await onThread(name) { try body(flag) }
    } onCancel: {
      flag.stop()
    }
  }
}
