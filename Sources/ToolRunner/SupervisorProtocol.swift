internal import CSystem
internal import DrillModel
internal import Glibc

/// What the supervisor is told to run, in the form that `specification.c` reads.
struct SupervisorSpecification {
  private(set) var bytes: [UInt8] = []

  init(_ command: ToolCommand, environment: [String: String]) {
    let box = command.box
    append(UInt32(clamping: command.grace.inMilliseconds))
    append(UInt32(box == nil ? 0 : 1))
    append(UInt32(box?.network ?? true ? 1 : 0))
    append(UInt32(box?.user == nil ? 0 : 1))
    append(box?.user?.uid ?? 0)
    append(box?.user?.gid ?? 0)
    append(Int64(box?.processes ?? -1))
    append(Int64(box?.memory ?? -1))
    append(Int64(box?.processorSeconds ?? -1))
    append(command.executable)
    append(command.directory)
    append([command.executable] + command.arguments)
    append(environment.map { "\($0.key)=\($0.value)" }.sorted())
    append(box?.executable ?? [])
    append(box?.readable ?? [])
    append(box?.writable ?? [])
    let size = UInt32(bytes.count)
    bytes = withUnsafeBytes(of: size) { Array($0) } + bytes
  }

  private mutating func append(_ number: some FixedWidthInteger) { withUnsafeBytes(of: number) { bytes += $0 } }

  private mutating func append(_ text: String) {
    append(UInt32(text.utf8.count + 1))
    bytes += text.utf8
    bytes.append(0)
  }

  private mutating func append(_ list: [String]) {
    append(UInt32(list.count))
    for text in list { append(text) }
  }
}

/// What the supervisor tells.
enum SupervisorReport {
  case started(pid: Int32, startTime: UInt64)
  case failed(step: UInt32, code: Int32)
  case ended(ToolExit.Status, wasAsked: Bool, isComplete: Bool)

  /// The next report; nil once the supervisor is gone.
  static func next(from fd: Int32) -> SupervisorReport? {
    var report = csystem_report()
    let count = withUnsafeMutableBytes(of: &report) { buffer in (try? readSome(fd, buffer)) ?? 0 }
    guard count == MemoryLayout<csystem_report>.size else { return nil }
    let (wasAsked, isComplete) = (report.flags & 1 != 0, report.flags & 2 == 0)
    return switch UInt32(report.kind) {
    case CSYSTEM_STARTED.rawValue: .started(pid: report.subject, startTime: report.start_time)
    case CSYSTEM_FAILED.rawValue: .failed(step: UInt32(report.subject), code: report.value)
    case CSYSTEM_EXITED.rawValue: .ended(.exited(report.value), wasAsked: wasAsked, isComplete: isComplete)
    case CSYSTEM_SIGNALLED.rawValue: .ended(.signalled(report.value), wasAsked: wasAsked, isComplete: isComplete)
    default: nil
    }
  }

  /// Why a program could not be started.
  static func fault(step: UInt32, code: Int32, of command: ToolCommand) -> Fault {
    let path = command.executable
    let reason = systemMessage(code)
    switch step {
    case CSYSTEM_STEP_EXECUTE.rawValue where code == ENOENT: return Fault(.toolMissing, "\(path) is not there, or its interpreter is not")
    case CSYSTEM_STEP_EXECUTE.rawValue where code == EACCES:
      return Fault(.permissionDenied, "\(path) may not be executed", advice: "Check its mode, its directories, and what the box allows")
    case CSYSTEM_STEP_EXECUTE.rawValue: return Fault(.toolFailed, "\(path) could not be executed: \(reason)")
    case CSYSTEM_STEP_DIRECTORY.rawValue: return Fault(.permissionDenied, "\(path) could not enter \(command.directory): \(reason)")
    case CSYSTEM_STEP_LANDLOCK.rawValue: return Fault(.isolationMissing, "the kernel refused the file rules for \(path): \(reason)")
    case CSYSTEM_STEP_USER.rawValue:
      return Fault(
        .isolationMissing, "\(path) could not be given a user of its own: \(reason)", advice: Isolation.neededCapabilities)
    case CSYSTEM_STEP_PRIVILEGES.rawValue, CSYSTEM_STEP_LIMITS.rawValue:
      return Fault(.isolationMissing, "the limits for \(path) could not be set: \(reason)")
    default: return Fault(.toolFailed, "\(path) could not be started: \(reason)", isTransient: code == EAGAIN || code == ENOMEM)
    }
  }
}
