internal import CSystem
internal import DrillModel
internal import Glibc
internal import Synchronization

/// A program that runs under its supervisor, with one thread of ours that carries its input and output.
final class SupervisedTool: RunningTool {
  let pid: Int32
  private let control: Descriptor
  private let state = Mutex(State())

  private struct State {
    var exit: ToolExit?
    var stopped: ToolExit.Status?
    var waiting: [CheckedContinuation<ToolExit, Never>] = []
  }

  init(
    _ command: ToolCommand, process: StartedProcess, supervisor: Int32, run: String, wiring: ToolWiring, control: Descriptor,
    status: Descriptor, log: (any ToolLog)?, began: ContinuousClock.Instant
  ) throws {
    pid = process.pid
    self.control = control
    let name = command.executable.split(separator: "/").last.map(String.init) ?? command.executable
    try startThread("tool \(name)") { [self] in
      var session = ToolSession(command, name: name, pid: process.pid, wiring: wiring, status: status, log: log)
      let report = session.carry()
      if case nil = report { sweepNow(group: process.group, run: run) }
      end(report, output: session.output?.finish() ?? [], errors: session.errors?.finish() ?? [], elapsed: .now - began)
      SupervisedTool.reap(supervisor)
    }
  }

  /// `elapsed` is a deadline's opposite: how long the program took, our own part included.
  private func end(_ report: SupervisorReport?, output: [UInt8], errors: [UInt8], elapsed: Duration) {
    control.close()
    let waiting = state.withLock { state in
      var status = ToolExit.Status.signalled(SIGKILL)
      var wasAsked = true
      if case .ended(let found, let asked, _) = report { (status, wasAsked) = (found, asked) }
      if wasAsked, let stopped = state.stopped { status = stopped }
      state.exit = ToolExit(status: status, output: output, errors: errors, elapsed: elapsed)
      defer { state.waiting = [] }
      return state.waiting.map { ($0, state.exit) }
    }
    for case (let continuation, let exit?) in waiting { continuation.resume(returning: exit) }
  }

  func exit() async -> ToolExit {
    await withCheckedContinuation { continuation in
      let known = state.withLock { state in
        if state.exit == nil { state.waiting.append(continuation) }
        return state.exit
      }
      if let known { continuation.resume(returning: known) }
    }
  }

  func stop(as status: ToolExit.Status) {
    state.withLock { state in
      guard state.exit == nil, state.stopped == nil else { return }
      state.stopped = status
      var byte: UInt8 = 1
      _ = write(control.raw, &byte, 1)
    }
  }

  /// Waits for a supervisor that is ending, so that it leaves no zombie.
  static func reap(_ supervisor: Int32) {
    var status: Int32 = 0
    while waitpid(supervisor, &status, 0) < 0, errno == EINTR {}
  }
}
