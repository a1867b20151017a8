import DrillModel
import DrillTestSupport
import EngineKit
import EngineMySQLPhysical
import Foundation
import Glibc
import Selecting
import Testing
import ToolRunner

/// A restored backup that a test asks.
struct RestoredPhysical {
  let target: any ScratchTarget
  let report: RestoreReport
  let probes: Probes

  /// Expects the first value that a query gives.
  func expect(_ sql: String, _ value: String, _ place: SourceLocation = #_sourceLocation) async throws {
    let found = try await probes.sql?.query(sql, timeout: .seconds(30), limit: 1).rows.first?.first ?? nil
    #expect(found == value, "\(sql)", sourceLocation: place)
  }

  /// What the deep check finds.
  func findings() async throws -> [String] { try await probes.deep?.check(.full, timeout: .seconds(60)).findings ?? ["no deep check"] }
}

/// Takes the engine through a chain and logs as a run does.
struct PhysicalDrive {
  let scratch: EngineScratch
  var options = MySQLPhysicalOptions()
  var chain: [String] = []
  var logs: String?
  var tools: any ToolRunning = PhysicalSample.tools
  var recoverTo: Timestamp?

  init() throws { scratch = try EngineScratch() }

  private static func artefact(_ path: String) -> Artefact {
    var isDirectory: ObjCBool = false
    _ = FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
    let size = (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int64
    return Artefact(
      location: path, name: URL(fileURLWithPath: path).lastPathComponent, kind: isDirectory.boolValue ? .directory : .file,
      bytes: isDirectory.boolValue ? nil : size, modified: nil)
  }

  private static func open(_ artefact: Artefact) throws -> OpenedLink {
    if artefact.kind == .directory { return OpenedLink(.directory(path: artefact.location)) }
    let head = try EngineDrive.head(artefact.location).bytes
    return OpenedLink(.stream(Descriptor(owning: Glibc.open(artefact.location, O_RDONLY | O_CLOEXEC))), head: head)
  }

  var context: EngineContext {
    var context = scratch.context(tools: tools, user: EngineScratch.boxUser, cache: EngineScratch.cache)
    context.chain = chain.map { path in
      let artefact = PhysicalDrive.artefact(path)
      return ChainLink(artefact) { try PhysicalDrive.open(artefact) }
    }
    context.recoverTo = recoverTo
    if let logs {
      context.logs = LogArchive(
        location: "directory \(logs)",
        listing: { try FileManager.default.contentsOfDirectory(atPath: logs).map { PhysicalDrive.artefact("\(logs)/\($0)") } },
        opening: { try PhysicalDrive.open($0) })
    }
    return context
  }

  /// Restores the backup at `path` and asks `body`; everything is gone afterwards.
  @discardableResult
  func run<T>(_ path: String, _ body: (RestoredPhysical) async throws -> T) async throws -> T {
    let engine = MySQLPhysicalEngine(options)
    let context = context
    let identity = try engine.inspect(try EngineDrive.head(path))
    let target = try await engine.provision(context, for: identity)
    let result: Result<T, any Error>
    do {
      var report = try await target.restore(
        identity.intake == .directory
          ? .directory(path: path) : .stream(Descriptor(owning: Glibc.open(path, O_RDONLY | O_CLOEXEC))))
      if target.rollsForward { report = report.followed(by: try await target.recover()) }
      try await target.awaitReady()
      result = .success(try await body(RestoredPhysical(target: target, report: report, probes: try await target.probes())))
    } catch { result = .failure(error) }
    try await target.destroy()
    return try result.get()
  }

  /// The fault that a restore ends with; nil when it ends well.
  func fault(_ path: String) async -> Fault? {
    do {
      try await run(path) { _ in }
      return nil
    } catch {
      return error as? Fault ?? Fault(.internalError, "\(error)")
    }
  }

  /// A copy that outlives the drive; whoever asked for it removes it.
  func copyKept(_ path: String, as name: String) throws -> String {
    let place = NSTemporaryDirectory() + "mysql-physical-\(name)-\(UUID().uuidString)"
    try HostProgram.run("/bin/cp", ["-r", path, place])
    return place
  }

  /// A copy of a backup that a test may change.
  func copy(_ path: String, as name: String) throws -> String {
    let place = "\(scratch.path)/\(name)"
    try HostProgram.run("/bin/cp", ["-r", path, place])
    return place
  }
}
