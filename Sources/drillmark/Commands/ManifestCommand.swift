import ArgumentParser
import DrillModel
import Manifests
import ToolRunner

struct ManifestCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "manifest",
    abstract: "Write what a directory or a drill's system holds, for the checks `files`, `digest` and `keys` to compare a restore with.",
    discussion: """
      Of a directory, take it when the backup is taken, and keep it beside the backup. With --drill, the drill's newest backup is
      restored, its checks run, and what was restored is written down: digests of all tables, of all keys, or the files. The run is an
      ordinary one and is sealed.

      Example:
        drillmark manifest /srv/documents > documents.manifest
        drillmark manifest --drill orders --output drills/orders.digests
      """)

  @Argument(help: "The directory.") var directory: String?
  @Option(help: ArgumentHelp("Restore this drill's backup, and write what came of it.", valueName: "name")) var drill: String?
  @Option(help: ArgumentHelp("With --drill, of a key-value store: only keys that begin so.", valueName: "text")) var prefix: String?
  @Option(help: ArgumentHelp("With --drill, of Redis: the keys of this database.", valueName: "number")) var database: Int?
  @Option(help: ArgumentHelp("Write here instead of standard output; replaced only when complete.", valueName: "path")) var output: String?
  @OptionGroup var options: SiteOptions

  func validate() throws {
    guard (directory == nil) != (drill == nil) else { throw ValidationError("Give a directory, or --drill NAME.") }
    guard drill != nil || (prefix == nil && database == nil) else { throw ValidationError("--prefix and --database go with --drill.") }
  }

  func run() async throws {
    try await withFaults {
      guard let drill else { return try await ManifestCommand.write(directory: absolute(directory ?? "."), to: output) }
      let keys = try DrillManifest.selection(prefix: prefix, database: database)
      let manifest = try await DrillManifest(drill: drill, keys: keys, options: options, output: output).write()
      tell(manifest)
    }
  }

  private static func write(directory root: String, to output: String?) async throws {
    let target = try ManifestFile(output)
    let summary = try await onThread("manifest") { try ManifestWriter(root: root).write { try target.add($0) } }
    try target.complete()
    tell("\(summary.entries) entries, \(summary.files) files, \(ByteCount.text(summary.bytes))")
  }
}
