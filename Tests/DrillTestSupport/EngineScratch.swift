package import DrillModel
package import EngineKit
import Foundation
import Glibc
package import ToolRunner

/// A directory for one test, removed with everything in it when the test lets go of it.
package final class EngineScratch: Sendable {
  package let path: String

  /// Kept between tests, so that what takes long is made once; also where box users are claimed.
  package static let cache: String = {
    let path = "/tmp/drillmark-test-cache-\(getuid())"
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
  }()

  private static let claimed = try? BoxUsers.claim(lockDirectory: cache)

  /// A user for boxed programs, this test process's own; nil when we are not root.
  package static var boxUser: Box.User? { claimed?.user }

  package init() throws {
    path = NSTemporaryDirectory() + "engine-test-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    try FileManager.default.createDirectory(atPath: path + "/run", withIntermediateDirectories: false)
  }

  deinit {
    // Restored trees may lack the permission to be removed.
    _ = try? HostProgram.run("/bin/chmod", ["-R", "u+rwX", path])
    try? FileManager.default.removeItem(atPath: path)
  }

  /// A run's context whose scratch directory is `run` in here.
  package func context(
    tools: any ToolRunning = NoPrograms(), limits: UnpackLimits = UnpackLimits(), durability: Durability = .relaxed,
    user: Box.User? = nil, cache: String? = nil
  ) -> EngineContext {
    var random = SystemRandomNumberGenerator()
    return EngineContext(
      run: RunID(at: HostClocks().now(), using: &random), directory: path + "/run", cache: cache ?? path + "/cache", tools: tools,
      journal: ForgetfulJournal(), clocks: HostClocks(), durability: durability, limits: limits, protected: ProtectedSystems(),
      user: user, progress: { _, _, _ in })
  }

  /// Writes a file in here and gives its path.
  package func file(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
    let place = "\(path)/\(name)"
    try Data(bytes).write(to: URL(fileURLWithPath: place))
    return place
  }
}

/// The host's own clocks.
package struct HostClocks: Clocks {
  package init() {}
  package func now() -> Timestamp { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }
  package func elapsed() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_BOOTTIME, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }
}

/// For engines that start no program.
package struct NoPrograms: ToolRunning {
  package init() {}
  package func locate(_ name: String, in directories: [String], package: String?) throws -> String {
    throw Fault(.toolMissing, "no program may be started here: \(name)")
  }
  package func start(_ command: ToolCommand) throws -> any RunningTool {
    throw Fault(.toolMissing, "no program may be started here: \(command.executable)")
  }
}

/// Takes notice of nothing.
package struct ForgetfulJournal: ScratchJournal {
  package init() {}
  package func intend(_ resource: ScratchResource) async throws {}
  package func made(_ resource: ScratchResource) async throws {}
  package func gone(_ resource: ScratchResource) async throws {}
}

/// Runs a program of the machine to make test data.
package enum HostProgram {
  package struct Failed: Error { package let text: String }

  /// What it printed.
  @discardableResult
  package static func run(_ path: String, _ arguments: [String], input: String? = nil, directory: String = "/") throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: directory)
    let output = Pipe()
    let errors = Pipe()
    process.standardOutput = output
    process.standardError = errors
    let feed = Pipe()
    process.standardInput = feed
    try process.run()
    if let input { try feed.fileHandleForWriting.write(contentsOf: Data(input.utf8)) }
    try feed.fileHandleForWriting.close()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let complaint = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failed(text: complaint) }
    return text
  }
}

/// Takes an engine through a restore as a run does.
package enum EngineDrive {
  /// The backup at `path` inspected, provisioned for, restored and waited for.
  package static func restore(
    _ engine: any RestoreEngine, _ path: String, _ context: EngineContext
  ) async throws -> (target: any ScratchTarget, report: RestoreReport) {
    let identity = try engine.inspect(try head(path))
    let target = try await engine.provision(context, for: identity)
    do {
      var report = try await target.restore(try content(path, identity))
      if target.rollsForward { report = report.followed(by: try await target.recover()) }
      try await target.awaitReady()
      return (target, report)
    } catch {
      try? await target.destroy()
      throw error
    }
  }

  /// What a run would show the engine first.
  package static func head(_ path: String) throws -> ContentHead {
    let name = URL(fileURLWithPath: path).lastPathComponent
    var isDirectory: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue {
      return ContentHead(name: name, bytes: [], directory: path)
    }
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    return ContentHead(name: name, bytes: Array(data.prefix(65_536)), storedBytes: Int64(data.count))
  }

  private static func content(_ path: String, _ identity: BackupIdentity) throws -> BackupContent {
    switch identity.intake {
    case .directory: return .directory(path: path)
    case .file:
      let size = try Data(contentsOf: URL(fileURLWithPath: path)).count
      return .file(path: path, bytes: Int64(size), isOurs: false)
    default: return .stream(Descriptor(owning: open(path, O_RDONLY | O_CLOEXEC)))
    }
  }
}
