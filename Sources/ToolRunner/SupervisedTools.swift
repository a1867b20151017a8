internal import CSystem
internal import DrillModel
internal import Glibc

/// Runs programs under one supervisor process each, which ends the program and all its descendants when it is told to, when the
/// program ends, and when we are gone (docs/design/0002-supervisor.md).
package struct SupervisedTools: ToolRunning {
  private let run: String
  private let log: (any ToolLog)?
  private let onStart: @Sendable (StartedProcess) -> Void

  /// - Parameters:
  ///   - run: put into every program's environment as `DRILLMARK_RUN`, by which `sweep(run:)` finds what a crash left.
  ///   - log: takes all captured output.
  ///   - onStart: told of every program right after it started, from the thread that starts it.
  package init(run: String, log: (any ToolLog)? = nil, onStart: @escaping @Sendable (StartedProcess) -> Void = { _ in }) {
    self.run = run
    self.log = log
    self.onStart = onStart
    // Writing to a program that has ended must be an error of that write, not the end of this process.
    csystem_ignore_sigpipe()
  }

  package func locate(_ name: String, in directories: [String], package: String?) throws -> String {
    if name.hasPrefix("/") {
      if SupervisedTools.isExecutableFile(name) { return name }
    } else {
      let path = getenv("PATH").map { String(cString: $0) } ?? ""
      let searched = directories + path.split(separator: ":").map(String.init)
      let standard = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"]
      for directory in searched + standard where directory.hasPrefix("/") {
        let candidate = directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)"
        if SupervisedTools.isExecutableFile(candidate) { return candidate }
      }
    }
    let advice = package.map { "Install it: apt-get install \($0)" } ?? "Install it, or put its directory on PATH"
    throw Fault(.toolMissing, "the program \(name) is not on this machine", advice: advice)
  }

  private static func isExecutableFile(_ path: String) -> Bool {
    var found = stat()
    return stat(path, &found) == 0 && found.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
  }

  package func start(_ command: ToolCommand) throws -> any RunningTool {
    let clock = ContinuousClock.now
    let wiring = try ToolWiring(command)
    let control = try Pipe()
    let status = try Pipe()
    let supervisorPID = try spawn(wiring, control: control.reading, status: status.writing, of: command)
    do {
      let process = try begin(command, control: control.writing, status: status.reading)
      onStart(process)
      return try SupervisedTool(
        command, process: process, supervisor: supervisorPID, run: run, wiring: wiring, control: control.writing, status: status.reading,
        log: log, began: clock)
    } catch {
      control.writing.close()
      SupervisedTool.reap(supervisorPID)
      throw error
    }
  }

  private func spawn(_ wiring: ToolWiring, control: Descriptor, status: Descriptor, of command: ToolCommand) throws -> Int32 {
    let descriptors = [wiring.input.raw, wiring.output.raw, wiring.errors.raw, control.raw, status.raw]
    var pid: Int32 = 0
    let result = csystem_start_supervisor(run, descriptors, &pid)
    guard result == 0 else {
      throw Fault(
        .toolFailed, "\(command.executable) could not be started: \(systemMessage(-result))",
        isTransient: result == -EAGAIN || result == -ENOMEM)
    }
    wiring.closeProgramsEnds()
    control.close()
    status.close()
    return pid
  }

  private func begin(_ command: ToolCommand, control: Descriptor, status: Descriptor) throws -> StartedProcess {
    var environment = command.environment
    environment["DRILLMARK_RUN"] = run
    let specification = SupervisorSpecification(command, environment: environment)
    // A supervisor that is already gone has its reason in its report, or gives none.
    try? specification.bytes.withUnsafeBytes { bytes in try writeFully(control.raw, bytes) }
    switch SupervisorReport.next(from: status.raw) {
    case .started(let pid, let startTime): return StartedProcess(pid: pid, startTime: startTime, bootID: currentBootID(), group: pid)
    case .failed(let step, let code): throw SupervisorReport.fault(step: step, code: code, of: command)
    case .ended, nil:
      throw Fault(
        .toolFailed, "\(command.executable) could not be started: its supervisor ended", advice: "Check memory, and what ended it",
        isTransient: true)
    }
  }
}
