import Dispatch
import DrillModel
import DrillTestSupport
import EngineKit
import EnginePostgreSQL
import Foundation
import Glibc
import PostgreSQLKit
import ToolRunner

/// Runs one restore as a drill would, without a driver, and removes everything after.
struct PostgreSQLBench {
  let folder = TemporaryFolder("dm-pg")
  var options = PostgreSQLOptions()
  var durability = Durability.relaxed
  var secrets = FetchedSecrets()
  var protected = ProtectedSystems()
  var sources: [String] = []
  var journal: any ScratchJournal = NoJournal()

  static let tools = SupervisedTools(run: "01TESTTESTTESTTESTTESTTEST")

  /// Shared by all tests, so that initdb runs once.
  static let cache = EngineScratch.cache

  private let claimed = try? BoxUsers.claim(lockDirectory: PostgreSQLBench.cache)

  func context() throws -> EngineContext {
    let directory = "\(folder.path)/run"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o711])
    guard let run = RunID("01TESTTESTTESTTESTTESTTEST".replacing("I", with: "1")) else { throw Fault(.internalError, "no run id") }
    return EngineContext(
      run: run, directory: directory, cache: PostgreSQLBench.cache, tools: PostgreSQLBench.tools, journal: journal,
      clocks: BenchClocks(), durability: durability, limits: UnpackLimits(), protected: protected, sources: sources,
      secrets: secrets, user: claimed?.user,
      progress: { _, _, _ in })
  }

  /// Restores a file or directory and gives what `body` makes of the probes.
  func restore<T>(_ path: String, _ body: (Probes, RestoreReport) async throws -> T) async throws -> T {
    let context = try context()
    let engine = PostgreSQLEngine(options)
    let identity = try engine.inspect(try PostgreSQLBench.head(path))
    let target = try await engine.provision(context, for: identity)
    do {
      let report = try await target.restore(try content(path, identity.intake))
      try await target.awaitReady()
      let result = try await body(try await target.probes(), report)
      try await target.destroy()
      return result
    } catch {
      try await target.destroy()
      throw error
    }
  }

  /// The fault that a restore ends with, nil when it ends well.
  func fault(_ path: String) async throws -> Fault? {
    do {
      return try await restore(path) { _, _ in nil }
    } catch let fault as Fault {
      return fault
    }
  }

  func count(_ table: String, in path: String) async throws -> Int64? {
    try await restore(path) { probes, _ in try await probes.sql?.count(table: table, timeout: .seconds(30)) }
  }

  static func head(_ path: String) throws -> ContentHead {
    var isDirectory: ObjCBool = false
    _ = FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
    let name = (path as NSString).lastPathComponent
    if isDirectory.boolValue { return ContentHead(name: name, bytes: [], directory: path) }
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    return ContentHead(name: name, bytes: Array(bytes.prefix(64 << 10)), storedBytes: Int64(bytes.count))
  }

  private func content(_ path: String, _ intake: BackupIdentity.Intake) throws -> BackupContent {
    switch intake {
    case .stream: return .stream(Descriptor(owning: open(path, O_RDONLY | O_CLOEXEC)))
    case .file: return .file(path: path, bytes: 0, isOurs: false)
    case .directory: return .directory(path: path)
    case .handle: return .handle(path)
    }
  }
}

struct NoJournal: ScratchJournal {
  func intend(_ resource: ScratchResource) async throws {}
  func made(_ resource: ScratchResource) async throws {}
  func gone(_ resource: ScratchResource) async throws {}
}

struct BenchClocks: Clocks {
  func now() -> Timestamp { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }
  func elapsed() -> Duration { .nanoseconds(Int64(uptime())) }
}

private func uptime() -> UInt64 { DispatchTime.now().uptimeNanoseconds }
