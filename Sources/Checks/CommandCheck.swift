package import DrillConfig
import DrillModel
package import EngineKit
import Foundation
import ToolRunner

/// `command: {run: [./smoke.sh, arg]}`: a program of the user's own, judged by its exit status.
package struct CommandCheck: IntegrityCheck {
  package struct Options: Sendable {
    var run: [String] = []
    var data = false
  }

  package let kind = "command"
  package let needs: ProbeKinds = []
  package var looksAtData: Bool { options.data }
  package var title: String { "command \(options.run.first ?? "")" }

  let options: Options
  /// The drill file's directory: where a relative program is looked for, and where the program starts.
  let directory: String
  /// An absolute path, or a bare name to be found on the PATH.
  let program: String

  package static let declared = Kind<any IntegrityCheck>(
    name: "command", summary: "A program of your own, judged by its exit status",
    section: Section<Options>([
      Key(
        "run", \.run, .list(of: .string, atLeast: 1), required: true,
        "The program and its arguments; no shell reads them. A path with a slash is relative to the drill file"),
      Key("data", \.data, .boolean, default: "false", "Whether the program looks at restored data"),
    ]), initial: Options(), shorthand: Shorthand(.list(of: .string, atLeast: 1), \.run), title: { $0.title },
    make: { options, context in
      guard let name = options.run.first, !name.isEmpty else {
        context.report("the program's name is empty", at: "run")
        return nil
      }
      let program = name.contains("/") ? context.file.resolve(name) : name
      return CommandCheck(options: options, directory: context.file.directory, program: program)
    })

  package func evaluate(_ subject: CheckSubject) async -> CheckFinding {
    let expected = "exit status 0"
    do {
      let path = program.hasPrefix("/") ? program : try subject.tools.locate(program)
      let command = ToolCommand(
        path, Array(options.run.dropFirst()), environment: environment(subject), directory: directory)
      let exit = try await subject.tools.run(command, deadline: subject.timeout)
      switch exit.status {
      case .exited(0): return CheckFinding(.passed, expected: expected, found: "exit status 0")
      case .exited(let status): return CheckFinding(.failed, expected: expected, found: "exit status \(status)")
      default: return CheckFinding(.couldNotVerify, expected: expected, found: "ended by \(exit.status)")
      }
    } catch {
      return CheckFinding(.couldNotVerify, expected: expected, found: (error as? Fault)?.description ?? "\(program) cannot be started")
    }
  }

  private func environment(_ subject: CheckSubject) -> [String: String] {
    let ours = ProcessInfo.processInfo.environment.filter { ["PATH", "HOME", "LANG", "TZ", "TMPDIR", "USER"].contains($0.key) }
    return ours.merging(subject.environment) { _, drill in drill }
  }
}
