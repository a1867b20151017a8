package import DrillConfig
import DrillModel
package import EngineKit
import ToolRunner

/// Restores RDB files and append-only files of Redis into a scratch server of its own (docs/engines/redis.md).
package struct RedisEngine: RestoreEngine {
  package let name = "redis"
  package let provides: ProbeKinds = [.deep, .keys, .keyDatabases, .keyPatterns, .keyTypes, .keyLifetimes]

  private let options: RedisOptions

  package init(_ options: RedisOptions = RedisOptions()) { self.options = options }

  package static let kind = Kind<any RestoreEngine>(
    name: "redis", summary: "An RDB file, an append-only file, or a directory of append-only files in parts, into a scratch server",
    section: RedisOptions.section, initial: RedisOptions()
  ) { options, _ in RedisEngine(options) }

  package func preflight(_ context: EngineContext) async throws -> EngineIdentity {
    let program = try await RedisProgram.find(context.tools)
    return EngineIdentity(version: program.version, isolation: try RunIsolation().description)
  }

  package func inspect(_ head: ContentHead) throws -> BackupIdentity {
    let stored = head.storedBytes ?? Int64(head.bytes.count)
    if head.directory == nil, RedisArchive.isOne(head.bytes) {
      return BackupIdentity(
        format: "tar archive of a Redis directory", intake: .stream, spaceNeeded: stored * (head.layers.isEmpty ? 1 : 10))
    }
    let format = try RedisFormat(head)
    switch format {
    case .parts(_, let bytes):
      return BackupIdentity(format: format.description, intake: .directory, spaceNeeded: bytes)
    case .snapshot(_, let path), .log(_, let path):
      // Strings inside an RDB file are compressed already; commands of an append-only file shrink to a tenth.
      var factor: Int64 = 1
      if !head.layers.isEmpty { if case .log = format { factor = 10 } else { factor = 4 } }
      let bytes = path.map { RedisFile.size($0) } ?? stored * factor
      return BackupIdentity(
        format: format.description, intake: path == nil ? .stream : .directory, takenAt: format.takenAt, spaceNeeded: bytes)
    }
  }

  package func provision(_ context: EngineContext, for identity: BackupIdentity) async throws -> any ScratchTarget {
    // An append-only file is a list of commands, and RDB files have crashed Redis before: neither is loaded without walls.
    return try await RedisTarget.make(context, options, try await RedisProgram.find(context.tools))
  }
}
