import DrillModel
import EngineKit
import Glibc
import Synchronization
import ToolRunner
import TreeKit

/// A restored tree in the run's directory, inside a directory that only we may enter: what it holds belongs to whom the backup says.
final class FilesTarget: ScratchTarget {
  private let special: FilesEngine.Special
  private let context: EngineContext
  private let withheld = Mutex<[String: UInt32]>([:])

  init(special: FilesEngine.Special, context: EngineContext) {
    self.special = special
    self.context = context
  }

  private var enclosure: String { "\(context.directory)/files" }
  private var root: String { "\(enclosure)/root" }

  var access: [String] { ["ls -la '\(root)'"] }

  func make() throws {
    for path in [enclosure, root] {
      guard mkdir(path, 0o700) == 0, chmod(path, 0o700) == 0 else {
        throw Fault(.scratchUnusable, "cannot make \(path): \(String(cString: strerror(errno)))")
      }
    }
  }

  func restore(_ content: BackupContent) async throws -> RestoreReport {
    let stop = StopFlag()
    let start = context.clocks.elapsed()
    let restore = FilesRestore(root: root, journal: "\(enclosure)/directories", special: special, context: context, stop: stop)
    let result = try await withTaskCancellationHandler {
      try await onThread("files restore") { try restore.run(content) }
    } onCancel: {
      stop.set()
    }
    withheld.withLock { $0 = result.withheldModes }
    return RestoreReport(engineTime: context.clocks.elapsed() - start, notes: result.notes)
  }

  func awaitReady() async throws {
    guard Glibc.access(root, R_OK | X_OK) == 0 else {
      throw Fault(.notReady, "the restored directory \(root) cannot be read: \(String(cString: strerror(errno)))")
    }
  }

  func probes() async throws -> Probes { Probes(files: RestoredFiles(root: root, withheldModes: withheld.withLock { $0 })) }

  /// Nothing lies outside the run's directory, which its driver removes.
  func destroy() async throws {}
}

private struct RestoredFiles: FileProbe {
  let root: String
  let withheldModes: [String: UInt32]
}
