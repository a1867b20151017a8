import CSystem
import DrillModel
import EngineKit
import Glibc
import Manifests
import Synchronization
import ToolRunner
import TreeKit

/// Copies a backup's directory, or unpacks a tar archive of one, for the run's user. Blocks, and writes nowhere else.
struct BackupCopy: Sendable {
  let context: EngineContext
  let stop: StopFlag
  /// Bytes that were there before, for progress.
  var before: Int64 = 0

  private var owner: (uid: Int64, gid: Int64) { (Int64(context.user?.uid ?? geteuid()), Int64(context.user?.gid ?? getegid())) }

  /// Copies with reflinks where the file system knows them.
  func copy(_ source: String, to target: String) throws {
    let builder = try builder(target)
    var walker = try TreeWalker(root: source)
    let directory = Descriptor(owning: open(source, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
    var done = before
    while let entry = try walker.next() {
      if stop.isSet { throw CancellationError() }
      try builder.admit(entry.path)
      switch entry.kind {
      case .file: try copy(entry, from: directory, builder, &done)
      case .directory: try builder.directory(entry.path, attributes(0o700))
      // A server leaves its socket beside its data; a copy needs none.
      case .socket: continue
      case .link, .fifo, .device: throw TreeBuilder.unsafe(entry.path, "is a \(entry.kind.name), which no such backup holds")
      }
      context.progress(.restore, done, nil)
    }
    try builder.finish()
  }

  /// Unpacks a tar archive.
  func unpack(_ archive: Descriptor, to target: String) throws {
    defer { archive.close() }
    let builder = try builder(target)
    let stop = stop
    let reader = TarReader(ArchiveInput(archive) { stop.isSet })
    while let member = try reader.next() {
      try builder.admit(member.name)
      switch member.kind {
      case .file: try unpack(member, reader, builder)
      case .directory:
        try builder.directory(member.name, attributes(0o700))
        guard try reader.input.pass(member.stored, to: { _ in }) else { throw reader.truncated() }
      case .link, .hardLink: throw TreeBuilder.unsafe(member.name, "is a link, which no such backup holds")
      case .special(let what): throw TreeBuilder.unsafe(member.name, "is a \(what), which no such backup holds")
      }
      context.progress(.restore, before + reader.input.offset, nil)
    }
    guard builder.entries > 0 else { throw Fault(.backupEmpty, "the backup holds no file and no directory") }
    try builder.finish()
  }

  private func builder(_ target: String) throws -> TreeBuilder {
    try Accounts.makeDirectory(target, owner: context.user, mode: 0o700)
    return try TreeBuilder(root: target, journal: "\(target).directories", limits: context.limits)
  }

  private func attributes(_ mode: UInt32) -> TreeBuilder.Attributes {
    TreeBuilder.Attributes(mode: mode, uid: owner.uid, gid: owner.gid, seconds: 0, nanoseconds: 0)
  }

  private func copy(_ entry: Manifest.Entry, from directory: Descriptor, _ builder: TreeBuilder, _ done: inout Int64) throws {
    let input = Descriptor(
      owning: openat(directory.raw, TreeBuilder.terminated(entry.path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC))
    var status = stat()
    guard input.raw >= 0, fstat(input.raw, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { throw unreadable(entry) }
    try builder.admit(bytes: Int64(status.st_size))
    let output = try builder.file(entry.path, attributes(0o600))
    var isClosed = false
    defer { if !isClosed { close(output) } }
    var left = Int64(status.st_size)
    while left > 0 {
      if stop.isSet { throw CancellationError() }
      // In steps that can be stopped between.
      let count = csystem_copy_part(input.raw, output, min(left, 64 << 20))
      guard count >= 0 else { throw failure(entry, Int32(-count)) }
      // It became shorter while it was read.
      guard count > 0 else { throw Fault(.backupUnreadable, "\(name(entry)) in the backup changed while it was copied", isTransient: true) }
      left -= count
      done += count
      context.progress(.restore, done, nil)
    }
    isClosed = true
    try builder.close(output, entry.path, attributes(0o600))
  }

  private func unpack(_ member: TarMember, _ reader: TarReader, _ builder: TreeBuilder) throws {
    try builder.unpack(member, from: reader, attributes(0o600)) { context.progress(.restore, before + reader.input.offset, nil) }
  }

  private func name(_ entry: Manifest.Entry) -> String { String(Manifest.escaped(entry.path).prefix(200)) }

  private func unreadable(_ entry: Manifest.Entry) -> Fault {
    Fault(.backupUnreadable, "cannot read \(name(entry)) in the backup: \(String(cString: strerror(errno)))")
  }

  private func failure(_ entry: Manifest.Entry, _ code: Int32) -> Fault {
    let isFull = code == ENOSPC || code == EDQUOT
    return Fault(isFull ? .noSpace : .backupUnreadable, "cannot copy \(name(entry)) of the backup: \(systemMessage(code))")
  }
}
