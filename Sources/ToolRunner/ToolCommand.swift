/// An external program to run, as a value.
package struct ToolCommand: Sendable {
  /// An absolute path; see `ToolRunning.locate`.
  package var executable: String
  /// Without the program's own name. Never holds a secret.
  package var arguments: [String]
  /// The whole environment of the program, but for `DRILLMARK_RUN`, which the runner adds.
  package var environment: [String: String]
  package var directory: String
  package var input: Input
  package var output: Output
  package var errors: Output
  /// What the program may touch; nil runs it as ourselves (trusted tools on trusted input only).
  package var box: Box?
  /// How long the group may take to end after a polite signal before it is killed.
  package var grace: Duration

  package enum Input: Sendable {
    case empty
    /// Read from here; the runner closes our copy once the program has started.
    case descriptor(Descriptor)
    case bytes([UInt8])
  }

  package enum Output: Sendable {
    /// Kept up to a limit of bytes (the tail is kept, the cut noted) and written to the run's log.
    case captured(limit: Int)
    /// Written there by the program itself; the runner closes our copy once the program has started.
    case descriptor(Descriptor)
    /// Each line, without its end, as it comes, and to the run's log. Lines over 64 KiB are cut.
    case lines(@Sendable (String) -> Void)
    case discarded
  }

  package init(
    _ executable: String, _ arguments: [String] = [], environment: [String: String] = ["LC_ALL": "C", "PATH": "/usr/bin:/bin"],
    directory: String = "/", input: Input = .empty, output: Output = .captured(limit: 1 << 20), errors: Output = .captured(limit: 1 << 20),
    box: Box? = nil, grace: Duration = .seconds(5)
  ) {
    self.executable = executable
    self.arguments = arguments
    self.environment = environment
    self.directory = directory
    self.input = input
    self.output = output
    self.errors = errors
    self.box = box
    self.grace = grace
  }
}

/// How a program ended, and what it said.
package struct ToolExit: Sendable {
  package var status: Status
  /// Captured output; empty for other kinds of output.
  package var output: [UInt8]
  package var errors: [UInt8]
  package var elapsed: Duration

  package enum Status: Sendable, Hashable, CustomStringConvertible {
    case exited(Int32)
    case signalled(Int32)
    /// Ended by us: its deadline passed.
    case timedOut
    /// Ended by us: the run was stopped.
    case cancelled

    package var description: String {
      switch self {
      case .exited(let code): "exit status \(code)"
      case .signalled(let signal): "signal \(signal)"
      case .timedOut: "its deadline"
      case .cancelled: "being stopped"
      }
    }
  }

  package init(status: Status, output: [UInt8], errors: [UInt8], elapsed: Duration) {
    self.status = status
    self.output = output
    self.errors = errors
    self.elapsed = elapsed
  }

  package var isSuccess: Bool { status == .exited(0) }
  package var outputText: String { String(decoding: output, as: UTF8.self) }
  package var errorText: String { String(decoding: errors, as: UTF8.self) }
}
