import DrillModel
import EngineKit
import Synchronization
import ToolRunner
import TreeKit

/// A scratch server and the directory that holds what it loads.
final class RedisTarget: ScratchTarget {
  private let context: EngineContext
  private let options: RedisOptions
  private let program: RedisProgram
  private let user: Box.User?
  private let directory: String
  private let sockets: SocketDirectory
  private let restored = Mutex<(server: RedisServer, placed: Placement.Placed)?>(nil)

  private static let socketName = "redis.sock"
  private var socket: String { "\(sockets.path)/\(Self.socketName)" }

  private init(_ context: EngineContext, _ options: RedisOptions, _ program: RedisProgram, user: Box.User?, _ sockets: SocketDirectory) {
    self.context = context
    self.options = options
    self.program = program
    self.user = user
    self.sockets = sockets
    directory = "\(context.directory)/data"
  }

  /// Makes the directories; the server starts once there is something to load.
  ///
  /// - Throws: `Fault`.
  static func make(_ context: EngineContext, _ options: RedisOptions, _ program: RedisProgram) async throws -> RedisTarget {
    let user = try RunIsolation().confinement(context).user
    let sockets = try await SocketDirectory.settle(context, longest: socketName)
    let target = RedisTarget(context, options, program, user: user, sockets)
    do {
      for path in [target.directory, sockets.path] { try Accounts.makeDirectory(path, owner: user, mode: 0o700) }
    } catch {
      try? await sockets.remove(context)
      throw error
    }
    return target
  }

  func restore(_ content: BackupContent) async throws -> RestoreReport {
    let begin = context.clocks.elapsed()
    let placed = try await place(content)
    try admitMemory(placed)
    let server = try RedisServer(
      program, options, directory: directory, socket: socket, replay: placed.isLog, context, user: user)
    restored.withLock { $0 = (server, placed) }
    async let newest = Self.newest(placed.logs)
    let context = context
    let isReady = try await server.becomesReady { context.progress(.restore, $0, $1) }
    if !isReady, let exit = server.exit {
      throw LoadJudge(log: server.log, server: program.version, format: placed.format).fault(exit.status)
    }
    let judge = LoadJudge(log: server.log, server: program.version, format: placed.format)
    let notes = try judge.notes(cutTail: options.cutTail, sizes: placed.sizes)
    return RestoreReport(engineTime: context.clocks.elapsed() - begin, dataTime: try await newest, notes: notes)
  }

  /// The newest time that the commands name, looked for while the server replays them.
  private static func newest(_ logs: [Descriptor]) async throws -> Timestamp? {
    let stop = StopFlag()
    return try await withTaskCancellationHandler {
      try await onThread("redis times") {
        for log in logs { if let newest = try AppendOnlyScan(log, stop: stop).newest { return newest } }
        return nil
      }
    } onCancel: {
      stop.set()
    }
  }

  private func place(_ content: BackupContent) async throws -> Placement.Placed {
    let stop = StopFlag()
    let context = context
    let placement = Placement(
      directory: directory, user: user, limits: context.limits, isDurable: context.durability == .production, stop: stop,
      progress: { context.progress(.restore, $0, nil) })
    return try await withTaskCancellationHandler {
      let placed = try await onThread("redis place") { try placement.place(content) }
      try Task.checkCancellation()
      return placed
    } onCancel: {
      stop.set()
    }
  }

  /// A server that would not fit is not even tried: the machine's other work would suffer first.
  private func admitMemory(_ placed: Placement.Placed) throws {
    guard options.memory == nil, let needed = placed.format.header?.usedMemory, let available = RedisMemory.available(), needed > available
    else { return }
    throw Fault(
      .toolFailed,
      "the backup was \(ByteCount.text(needed)) in its server's memory, and this machine has \(ByteCount.text(available)) to spare",
      advice: "Drill where there is more memory; `memory` under `restore` sets a limit and tries all the same")
  }

  func awaitReady() async throws {
    guard let server = restored.withLock({ $0?.server }) else { throw Fault(.notReady, "nothing was restored") }
    do {
      let loading = try await RedisProbe(server).ask(.seconds(60)) { try RedisInfo($0, section: "persistence")["loading"] }
      guard loading == 0 else { throw Fault(.notReady, "the scratch server still loads after it said that it is ready") }
    } catch let error as ProbeError {
      throw Fault(.notReady, "the restored server does not answer: \(error.message)", advice: "Run `drillmark log` for all it said")
    }
  }

  func probes() async throws -> Probes {
    guard let (server, placed) = restored.withLock({ $0 }) else { throw Fault(.notReady, "nothing was restored") }
    let probe = RedisProbe(server)
    let deep = RedisDeepCheck(probe: probe, program: program, placed: placed, tools: context.tools, user: user)
    return Probes(deep: deep, keys: probe)
  }

  var access: [String] { ["redis-cli -s '\(socket)'"] }

  func destroy() async throws {
    await restored.withLock({ $0?.server })?.stop()
    try await sockets.remove(context)
  }
}
