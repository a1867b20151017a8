import CSystem
import DrillModel
import EngineKit
import Glibc
import ToolRunner
import TreeKit

/// Puts a backup where a scratch server loads it: a directory of the run's user with nothing else in it. Belongs to one thread.
struct Placement {
  static let snapshot = "dump.rdb"
  static let log = "appendonly.aof"
  static let parts = "appendonlydir"

  let directory: String
  let user: Box.User?
  let limits: UnpackLimits
  let isDurable: Bool
  let stop: StopFlag
  let progress: @Sendable (_ done: Int64) -> Void

  /// What was put in place, and what of it is to be known before the server has it.
  struct Placed: Sendable {
    var format: RedisFormat
    /// Bytes of append-only files by name.
    var sizes: [String: Int64] = [:]
    /// Files of commands, the newest first, open because the server moves them; their annotations say how new the data is.
    var logs: [Descriptor] = []

    /// Whether the server must read append-only files.
    var isLog: Bool { if case .snapshot = format { false } else { true } }
  }

  /// - Throws: `Fault`, or `CancellationError`.
  func place(_ content: BackupContent) throws -> Placed {
    switch content {
    case .stream(let descriptor): return try place(stream: descriptor)
    case .file(let path, _, let isOurs): return try place(file: path, isOurs: isOurs)
    case .directory(let path): return try place(directory: path)
    case .handle: throw Fault(.internalError, "the engine redis was given no content")
    }
  }

  private func place(stream descriptor: Descriptor) throws -> Placed {
    defer { descriptor.close() }
    let input = ArchiveInput(descriptor) { stop.isSet }
    let head = try input.exactly(64 << 10)
    guard !RedisArchive.isOne(head) else { return try place(archive: descriptor, input, head) }
    let format = try RedisFormat(bytes: head, name: "the backup")
    let target = try create(name(of: format))
    defer { target.close() }
    try head.withUnsafeBytes { try write($0, to: target) }
    while true {
      let part = try input.some(limit: .max)
      if part.isEmpty { break }
      try admit(input.offset)
      try write(part, to: target)
      progress(input.offset)
    }
    try sync(target)
    return try described(format, as: name(of: format))
  }

  /// What the archive holds lies beside the server's directory and goes into it.
  private func place(archive descriptor: Descriptor, _ input: ArchiveInput, _ head: [UInt8]) throws -> Placed {
    let archive = RedisArchive(limits: limits, user: user, stop: stop, progress: progress)
    let root = try archive.unpack(descriptor, beginning: head + Array(input.rest), to: "\(directory).unpacked")
    return try place(directory: root, isOurs: true)
  }

  private func place(file path: String, isOurs: Bool) throws -> Placed {
    let format = try RedisFormat(bytes: try RedisFile.head(path), name: "the backup")
    try take(path, as: name(of: format), isOurs: isOurs)
    return try described(format, as: name(of: format))
  }

  private func place(directory path: String, isOurs: Bool = false) throws -> Placed {
    let format = try RedisFormat(ContentHead(name: "the backup", bytes: [], directory: path))
    switch format {
    case .snapshot(_, let file), .log(_, let file):
      try take(file ?? path, as: name(of: format), isOurs: isOurs)
      return try described(format, as: name(of: format))
    case .parts(let manifest, _):
      guard mkdir("\(directory)/\(Self.parts)", 0o700) == 0 else { throw unusable("\(directory)/\(Self.parts)", errno) }
      try give("\(directory)/\(Self.parts)")
      var placed = Placed(format: format)
      for name in manifest.files {
        try take("\(manifest.directory)/\(name)", as: "\(Self.parts)/\(name)", isOurs: isOurs)
        placed.sizes[name] = RedisFile.size("\(directory)/\(Self.parts)/\(name)")
      }
      // Under the name that the scratch server looks for, and without files that wait to be removed.
      let lines = Self.lines(manifest)
      let target = try create("\(Self.parts)/\(Self.log).manifest")
      try Array(lines.utf8).withUnsafeBytes { try write($0, to: target) }
      placed.logs = try manifest.increments.reversed().map { try RedisFile.open("\(directory)/\(Self.parts)/\($0)") }
      return placed
    }
  }

  private static func lines(_ manifest: AppendOnlyManifest) -> String {
    let base = manifest.base.map { "file \($0) seq 1 type b\n" } ?? ""
    return base + manifest.increments.enumerated().map { "file \($1) seq \($0 + 1) type i\n" }.joined()
  }

  private func name(of format: RedisFormat) -> String { if case .snapshot = format { Self.snapshot } else { Self.log } }

  private func described(_ format: RedisFormat, as name: String) throws -> Placed {
    var placed = Placed(format: format)
    guard placed.isLog else { return placed }
    placed.sizes[name] = RedisFile.size("\(directory)/\(name)")
    // Behind an RDB file the commands cannot be told from its bytes; the servers that write such files annotate nothing.
    if format.header == nil { placed.logs = [try RedisFile.open("\(directory)/\(name)")] }
    return placed
  }

  // MARK: Files

  /// Takes a file of the run's own over, or copies another's, sharing blocks where the file system can.
  private func take(_ path: String, as name: String, isOurs: Bool) throws {
    if isOurs, rename(path, "\(directory)/\(name)") == 0 { return try give("\(directory)/\(name)") }
    let source = try RedisFile.open(path)
    try admit(RedisFile.size(path))
    let target = try create(name)
    defer { target.close() }
    let status = csystem_copy_file(source.raw, target.raw)
    guard status == 0 else { throw unusable("\(directory)/\(name)", -status) }
    progress(RedisFile.size("\(directory)/\(name)"))
    try sync(target)
  }

  private func create(_ name: String) throws -> Descriptor {
    let path = "\(directory)/\(name)"
    let raw = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard raw >= 0 else { throw unusable(path, errno) }
    let file = Descriptor(owning: raw)
    try give(path)
    return file
  }

  private func give(_ path: String) throws {
    guard let user, lchown(path, user.uid, user.gid) != 0 else { return }
    throw Fault(.scratchUnusable, "cannot give \(path) to the run's user: \(systemMessage(errno))", advice: Isolation.neededCapabilities)
  }

  private func write(_ bytes: UnsafeRawBufferPointer, to target: Descriptor) throws {
    var rest = bytes
    while !rest.isEmpty {
      let step = Glibc.write(target.raw, rest.baseAddress, rest.count)
      if step < 0, errno == EINTR { continue }
      guard step > 0 else { throw unusable(directory, errno) }
      rest = UnsafeRawBufferPointer(rebasing: rest[step...])
    }
  }

  private func admit(_ bytes: Int64) throws {
    guard let limit = limits.bytes, bytes > limit else { return }
    throw Fault(.unsafeContent, "the backup unpacks to more than the limit of \(limit) bytes")
  }

  private func sync(_ file: Descriptor) throws {
    guard isDurable, fsync(file.raw) != 0 else { return }
    throw unusable(directory, errno)
  }

  private func unusable(_ path: String, _ code: Int32) -> Fault {
    Fault(
      code == ENOSPC || code == EDQUOT ? .noSpace : .scratchUnusable, "cannot write \(path): \(systemMessage(code))",
      advice: "Check scratch.directory in the site file and its free space")
  }
}
