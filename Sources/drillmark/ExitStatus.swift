import ArgumentParser
import DrillModel

/// The exit statuses that scripts rely on (`docs/commands.md`).
enum ExitStatus {
  static let passed = ExitCode(0)
  static let failed = ExitCode(1)
  static let unproven = ExitCode(2)
  /// Wrong usage, no such drill, an invalid file: EX_USAGE of sysexits.h, which the argument parser uses too.
  static let usage = ExitCode(64)

  /// Of `run`: the worst of the verdicts.
  static func of(_ verdicts: [Verdict]) -> ExitCode {
    switch verdicts.min() {
    case .failed: failed
    case .passed, nil: passed
    default: unproven
    }
  }
}

/// Tells what went wrong in one line and ends with the status for it.
func give(up fault: Fault) -> ExitCode {
  tell("drillmark: \(Terminal.inert(fault.description))")
  switch fault.code {
  case .configuration: return ExitStatus.usage
  default: return fault.code.verdict == .failed ? ExitStatus.failed : ExitStatus.unproven
  }
}

/// Carries out a command's work; a fault becomes one clear line and its exit status.
func withFaults(_ work: () async throws -> Void) async throws {
  do {
    try await work()
  } catch let fault as Fault {
    throw give(up: fault)
  }
}
