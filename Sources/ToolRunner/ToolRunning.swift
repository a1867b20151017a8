/// Runs external programs for one drill run. Everything that is started ends with the run, even when we are killed.
package protocol ToolRunning: Sendable {
  /// The absolute path of a program, looked for in `directories` and then on our PATH.
  ///
  /// - Throws: `Fault` with code `tool_missing`, naming the Debian package where `package` is given.
  func locate(_ name: String, in directories: [String], package: String?) throws -> String

  /// Starts a program and gives it back while it runs.
  ///
  /// - Throws: `Fault` when it cannot be started at all.
  func start(_ command: ToolCommand) throws -> any RunningTool
}

/// A started program with all its descendants.
package protocol RunningTool: Sendable {
  /// Process id of the program itself.
  var pid: Int32 { get }

  /// How it ended; answers once it and everything it started are gone and its captured output is complete. May be asked again.
  func exit() async -> ToolExit

  /// Asks the whole group to end, kills it after the command's grace. Repeating it is a no-op.
  func stop(as status: ToolExit.Status)
}

extension ToolRunning {
  package func locate(_ name: String, package: String? = nil) throws -> String { try locate(name, in: [], package: package) }

  /// Runs a program to its end; stops it when the deadline passes or the task is cancelled. A bad exit status is not an error.
  package func run(_ command: ToolCommand, deadline: Duration? = nil) async throws -> ToolExit {
    let tool = try start(command)
    return await withTaskCancellationHandler {
      guard let deadline else { return await tool.exit() }
      return await withTaskGroup(of: Void.self) { group in
        group.addTask {
          do { try await Task.sleep(for: deadline) } catch { return }
          tool.stop(as: .timedOut)
        }
        let exit = await tool.exit()
        group.cancelAll()
        return exit
      }
    } onCancel: {
      tool.stop(as: .cancelled)
    }
  }
}
