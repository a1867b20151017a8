import Checks
import DrillConfig
import DrillModel
import Drilling
import EngineKit
import Foundation
import Manifests
import Registry
import Synchronization
import ToolRunner

/// A manifest of what a drill restores.
struct DrillManifest: Sendable {
  let drill: String
  let keys: KeySelection
  let options: SiteOptions
  let output: String?

  /// The longest that writing everything down may take.
  private static let patience = Duration.seconds(24 * 3600)

  /// - Throws: `Fault` for a prefix that is not written as manifests write keys.
  static func selection(prefix: String?, database: Int?) throws -> KeySelection {
    guard let prefix else { return KeySelection(database: database) }
    guard let bytes = Manifest.unescaped(prefix.utf8) else {
      throw Fault(.configuration, "in a prefix a percent sign is %25 and any other byte %XX in capital digits")
    }
    return KeySelection(database: database, prefix: bytes)
  }

  /// Runs the drill and writes its manifest.
  ///
  /// - Returns: What was written, for people.
  /// - Throws: `Fault`, also when the restored system could not be read.
  func write() async throws -> String {
    let loaded = try options.loadTelling()
    let plan = try loaded.drill(drill)
    guard !plan.engine.provides.isDisjoint(with: [.digests, .keys, .files]) else {
      throw Fault(.configuration, "the engine \(plan.engine.name) restores nothing that a manifest is written of")
    }
    let target = try ManifestFile(output)
    let tools = SiteTools(loaded)
    let runner = tools.runner(try tools.ledger())
    let progress = ProgressLine(terminal: .current(), clocks: tools.clocks)
    for note in await Reaper(runner: runner).reap() { progress.print(note) }
    let result = Mutex<Result<String, any Error>?>(nil)
    let (keys, name) = (keys, drill)
    let request = DrillRunner.Request(examine: { probes in
      do {
        let text = try await DrillManifest.write(probes, keys, to: target) { progress.print($0) }
        result.withLock { $0 = .success(text) }
      } catch { result.withLock { $0 = .failure(error) } }
    })
    let outcome = try await runner.run(plan, request) { progress.observe(name, $0) }
    progress.finished(drill)
    if case .alreadyRunning(let run, _) = outcome { throw Fault(.interrupted, "\(drill) is already running as \(run)") }
    guard let result = result.withLock({ $0 }) else {
      throw Fault(.restoreFailed, "the backup did not restore, so there is nothing to write", advice: "See `drillmark show \(drill)`")
    }
    do {
      let text = try result.get()
      try target.complete()
      return text
    } catch let error as ProbeError {
      throw Fault(.notReady, "the restored system could not be written down: \(error.message)")
    }
  }

  private static func write(
    _ probes: Probes, _ keys: KeySelection, to target: ManifestFile, tell: @escaping @Sendable (String) -> Void
  ) async throws -> String {
    if let digests = probes.digests {
      let manifest = try await TableManifest.take(of: digests, timeout: patience, tell: tell)
      try target.add(Array(manifest.text.utf8))
      return "\(manifest.tables.count) tables, \(manifest.tables.values.reduce(0) { $0 + $1.rows }) rows"
    }
    if let probe = probes.keys {
      let writer = KeyManifestWriter(tools: SupervisedTools(run: "manifest"), directory: NSTemporaryDirectory().withoutSlash)
      let count = try await writer.write(keys, of: probe, timeout: patience) { try target.add($0) }
      return "\(count) keys"
    }
    guard let root = probes.files?.root else { throw Fault(.notReady, "the restored system answers no question that a manifest needs") }
    let summary = try await onThread("manifest") { try ManifestWriter(root: root).write { try target.add($0) } }
    return "\(summary.entries) entries, \(summary.files) files, \(ByteCount.text(summary.bytes))"
  }
}

extension String {
  /// A directory's path as others are put behind it.
  fileprivate var withoutSlash: String { count > 1 && hasSuffix("/") ? String(dropLast()) : self }
}
