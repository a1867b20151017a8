import DrillModel
import DrillTestSupport
import EngineKit
import Foundation
import Glibc
import Selecting
import ToolRunner

@testable import EngineEtcd

/// Restores snapshots and snapstores into servers of their own.
struct EtcdBench {
  let scratch: EngineScratch
  var options = EtcdOptions()
  var tools: any ToolRunning = SupervisedTools(run: "01TESTTESTTESTTESTTESTTEST")
  var durability = Durability.relaxed

  static let minute = Duration.seconds(60)
  /// Whether the programs are there.
  static let isInstalled = ["etcd", "etcdctl"].allSatisfy { FileManager.default.isExecutableFile(atPath: "/usr/bin/\($0)") }

  init() throws { scratch = try EngineScratch() }

  /// Restores one snapshot file and looks at it.
  func restore<T>(_ path: String, _ body: (Probes, RestoreReport) async throws -> T) async throws -> T {
    let context = scratch.context(tools: tools, durability: durability, user: EngineScratch.boxUser)
    let (target, report) = try await EngineDrive.restore(EtcdEngine(options), path, context)
    return try await look(at: target, report, body)
  }

  /// What a store's listing is judged to be.
  func survey(_ store: String, now: Timestamp = Timestamp(seconds: 1_795_300_000), match: String? = nil) async throws -> Survey {
    var artefacts: [Artefact] = []
    for case let name as String in FileManager.default.enumerator(atPath: store) ?? .init() {
      let path = "\(store)/\(name)"
      var isDirectory: ObjCBool = false
      guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), !isDirectory.boolValue else { continue }
      let size = (try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
      artefacts.append(Artefact(location: path, name: name, bytes: Int64(size), modified: Timestamp(seconds: 1_795_250_000)))
    }
    var rules = SelectionRules()
    rules.match = match
    return try await EtcdEngine(options).assemble(try Selecting.survey(artefacts, rules: rules, now: now))
  }

  /// Restores the newest point of a store, or a given one, with its chain, as a run does.
  func restore<T>(
    store: String, point: Candidate? = nil, _ body: (Probes, RestoreReport) async throws -> T
  ) async throws -> T {
    var chosen = point
    if chosen == nil { chosen = try await survey(store).candidates.last }
    guard let point = chosen else { throw Fault(.nothingToRestore, "nothing to restore") }
    var context = scratch.context(tools: tools, durability: durability, user: EngineScratch.boxUser)
    context.chain = point.chain.map { artefact in ChainLink(artefact) { try await open(artefact.location) } }
    let engine = EtcdEngine(options)
    let base = try await open(point.artefact.location)
    let identity = try engine.inspect(ContentHead(name: point.artefact.name, bytes: base.head, storedBytes: point.artefact.bytes))
    let target = try await engine.provision(context, for: identity)
    do {
      var report = try await target.restore(base.content)
      try await base.finish()
      if target.rollsForward { report = report.followed(by: try await target.recover()) }
      try await target.awaitReady()
      return try await look(at: target, report, body)
    } catch {
      try? await target.destroy()
      throw error
    }
  }

  private func look<T>(
    at target: any ScratchTarget, _ report: RestoreReport, _ body: (Probes, RestoreReport) async throws -> T
  ) async throws -> T {
    let result: Result<T, any Error>
    do { result = .success(try await body(try await target.probes(), report)) } catch { result = .failure(error) }
    try await target.destroy()
    try? FileManager.default.removeItem(atPath: "\(scratch.path)/run/etcd")
    return try result.get()
  }

  private func open(_ path: String) async throws -> OpenedLink {
    let unwrapper = Unwrapper(
      tools: SupervisedTools(run: "01TESTTESTTESTTESTTESTTEST"), limits: UnpackLimits(), user: EngineScratch.boxUser)
    let bytes = (try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int).map(Int64.init)
    let stream = try await unwrapper.open(
      Descriptor(owning: Glibc.open(path, O_RDONLY | O_CLOEXEC)), name: path, bytes: bytes, expectedSHA256: nil, feed: nil)
    return OpenedLink(
      .stream(stream.descriptor), head: stream.head, finishing: { _ = try await stream.finish() }, stopping: { stream.stop() })
  }

  /// Keys below a prefix, all of them by default.
  static func count(_ probes: Probes, _ prefix: String = "") async throws -> Int64 {
    let selection = KeySelection(prefix: prefix.isEmpty ? nil : Array(prefix.utf8))
    return try await probes.keys?.count(selection, timeout: minute) ?? -1
  }
}
