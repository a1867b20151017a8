import DrillConfig
import DrillModel
import DrillTestSupport
import EngineKit
import EnginePostgreSQLPhysical
import Foundation
import Glibc
import Selecting
import Testing
import ToolRunner

/// One restore of a sample: a copy that a test may damage, what came of it, and questions to it.
final class PhysicalBench: Sendable {
  static let tools = SupervisedTools(run: "01KPHYSICALTESTS0000000000")
  let scratch: EngineScratch
  let sample: SampleCluster

  init() async throws {
    sample = try await SampleCluster.shared.value
    scratch = try EngineScratch()
  }

  var backup: String { "\(scratch.path)/backup" }
  var log: String { "\(scratch.path)/wal" }

  /// Copies `$1` to `$2`. Files of databases are links to the sample's, but the one that tests damage: a thousand new files take seconds.
  private static let copying = """
    if [ ! -d "$1/base" ]; then exec cp -a "$1" "$2"; fi
    mkdir -m 700 "$2"
    find "$1" -mindepth 1 -maxdepth 1 ! -name base -exec cp -a -t "$2" {} +
    cp -al "$1/base" "$2/base"
    cp -a --remove-destination "$1/base/1/1259" "$2/base/1/1259"
    """

  /// Copies a sample to `backup`, and a log archive to `log`, and lets a shell script change them in the test's directory.
  @discardableResult
  func prepare(_ source: SampleCluster.Part, log: SampleCluster.Part? = .log, _ script: String = "true") throws
    -> PhysicalBench
  {
    try HostProgram.run("/bin/sh", ["-ec", PhysicalBench.copying, "sh", sample.path(source), backup])
    if let log { try HostProgram.run("/bin/cp", ["-a", sample.path(log), self.log]) }
    // Ours, so that rights are what they would be for a real copy.
    try HostProgram.run("/bin/sh", ["-ec", script], directory: scratch.path)
    return self
  }

  /// The names of the archive's segments of the first timeline, oldest first.
  var segments: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: log)) ?? []).filter { $0.hasPrefix("00000001") && $0.count == 24 }.sorted()
  }

  func context(
    _ archive: LogArchive? = nil, recoverTo: Timestamp? = nil,
    progress: @escaping @Sendable (PhaseName, Int64, Int64?) -> Void = { _, _, _ in }
  )
    -> EngineContext
  {
    var context = scratch.context(tools: PhysicalBench.tools, user: EngineScratch.boxUser, cache: EngineScratch.cache)
    context.logs = archive ?? (FileManager.default.fileExists(atPath: log) ? PhysicalBench.archive(log) : nil)
    context.recoverTo = recoverTo
    context.progress = progress
    return context
  }

  /// A log archive in a directory, as a run gives it.
  static func archive(_ path: String, opening: (@Sendable (String) async throws -> Void)? = nil) -> LogArchive {
    LogArchive(
      location: "directory \(path)",
      listing: {
        try FileManager.default.contentsOfDirectory(atPath: path).map {
          Artefact(location: "\(path)/\($0)", name: $0, bytes: nil, modified: nil)
        }
      },
      opening: { artefact in
        try await opening?(artefact.name)
        let file = Descriptor(owning: open(artefact.location, O_RDONLY | O_CLOEXEC))
        let stream = try await Unwrapper(tools: tools, limits: UnpackLimits()).open(file, name: artefact.name)
        return OpenedLink(
          .stream(stream.descriptor), head: stream.head, finishing: { _ = try await stream.finish() }, stopping: { stream.stop() })
      })
  }

  struct Restored {
    let target: any ScratchTarget
    let report: RestoreReport
    let probes: Probes
    /// Its directory goes with it.
    let bench: PhysicalBench

    /// What a query's only value is.
    func ask(_ sql: String) async throws -> String? {
      try await probes.sql?.query(sql, timeout: .seconds(30), limit: 1).rows.first?.first ?? nil
    }

    /// The numbers above 1000 in the table, which tell where the roll-forward ended.
    func rows() async throws -> String? {
      let text = try await ask("select string_agg(id::text, ' ' order by id) from t where id > 1000")
      #expect(try await ask("select count(*) from t where id <= 1000") == "1000")
      try await target.destroy()
      return text
    }
  }

  /// Goes through a restore as a run does.
  func restore(_ options: PhysicalOptions = PhysicalOptions(), _ given: EngineContext? = nil) async throws -> Restored {
    let engine = PhysicalEngine(options)
    let context = given ?? context()
    let identity = try engine.inspect(try EngineDrive.head(backup))
    let target = try await engine.provision(context, for: identity)
    do {
      var report = try await target.restore(try content(identity))
      report = report.followed(by: try await target.recover())
      try await target.awaitReady()
      return Restored(target: target, report: report, probes: try await target.probes(), bench: self)
    } catch {
      try? await target.destroy()
      throw error
    }
  }

  private func content(_ identity: BackupIdentity) throws -> BackupContent {
    if identity.intake == .directory { return .directory(path: backup) }
    return .stream(Descriptor(owning: open(backup, O_RDONLY | O_CLOEXEC)))
  }

  /// The fault of a restore that must not succeed.
  func fault(_ options: PhysicalOptions = PhysicalOptions(), _ given: EngineContext? = nil) async -> Fault? {
    do {
      let restored = try await restore(options, given)
      let rows = try? await restored.rows()
      Issue.record("the restore succeeded, with rows \(rows ?? "none") and \(restored.report.notes)")
      return nil
    } catch { return error as? Fault }
  }

  static func to(_ target: RecoveryTarget) -> PhysicalOptions {
    var options = PhysicalOptions()
    options.target = target
    return options
  }
}
