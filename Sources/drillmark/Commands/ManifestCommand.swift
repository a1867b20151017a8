import ArgumentParser
import DrillModel
import Glibc
import Manifests
import ToolRunner

struct ManifestCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "manifest", abstract: "Write what a directory holds, for the `files` check to compare a restore with.",
    discussion: """
      Take it when the backup is taken, and keep it beside the backup.

      Example:
        drillmark manifest /srv/documents > documents.manifest
      """)

  @Argument(help: "The directory.") var directory: String
  @Option(help: ArgumentHelp("Write here instead of standard output; replaced only when complete.", valueName: "path")) var output: String?

  func run() async throws {
    try await withFaults {
      let (root, target) = (absolute(directory), try ManifestFile(output))
      let summary = try await onThread("manifest") { try ManifestWriter(root: root).write { try target.add($0) } }
      try target.complete()
      tell("\(summary.entries) entries, \(summary.files) files, \(ByteCount.text(summary.bytes))")
    }
  }
}

/// Where a manifest goes: standard output, or a file that appears only when it is complete.
private struct ManifestFile: Sendable {
  private let path: String?
  private let descriptor: Int32

  /// - Throws: `Fault` when the file cannot be made.
  init(_ path: String?) throws {
    self.path = path
    guard let path else {
      descriptor = STDOUT_FILENO
      return
    }
    descriptor = open(path + ".part", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw ManifestFile.unusable(path) }
  }

  func add(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if written < 0, errno == EINTR { continue }
      guard written > 0 else { throw ManifestFile.unusable(path ?? "standard output") }
      rest = rest.dropFirst(written)
    }
  }

  func complete() throws {
    guard let path else { return }
    guard fsync(descriptor) == 0, close(descriptor) == 0, rename(path + ".part", path) == 0 else { throw ManifestFile.unusable(path) }
  }

  private static func unusable(_ path: String) -> Fault {
    Fault(errno == ENOSPC ? .noSpace : .permissionDenied, "the manifest cannot be written to \(path): \(String(cString: strerror(errno)))")
  }
}
