import CSystem
import DrillModel
import EngineKit
import Foundation
import Glibc
import Manifests
import ToolRunner
import TreeKit

/// Makes a server's data directory of a backup's files, all of them the run's user's and readable to nobody else.
///
/// Runs on a thread of its own, for it blocks. What a link of the backup leads to is never touched: links are not made.
final class DataDirectory {
  private let builder: TreeBuilder
  private let owner: Box.User?
  private let stop: StopFlag
  private let progress: (Int64) -> Void
  private var made: Set<[UInt8]> = []
  /// Links that were left out, by name, with what they led to.
  private(set) var links: [String: String] = [:]
  private(set) var leftOut = 0

  /// - Parameters:
  ///   - path: An existing, empty directory.
  ///   - journal: A file that will be made beside it.
  init(
    _ path: String, journal: String, owner: Box.User?, limits: UnpackLimits, stop: StopFlag, progress: @escaping (Int64) -> Void
  ) throws {
    builder = try TreeBuilder(root: path, journal: journal, limits: limits)
    self.owner = owner
    self.stop = stop
    self.progress = progress
  }

  var bytes: Int64 { builder.bytes }
  var entries: Int { builder.entries }

  /// Copies a directory tree, sharing blocks with it where the file system can.
  func copy(_ source: String) throws {
    var walker = try TreeWalker(root: source)
    let directory = Descriptor(owning: open(source, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
    while let entry = try walker.next() {
      if stop.isSet { throw CancellationError() }
      try builder.admit(entry.path)
      switch entry.kind {
      case .directory: try builder.directory(entry.path, attributes(0o700, entry.seconds))
      case .file: try copy(entry, from: directory)
      case .link: note(link: entry.path, to: entry.target)
      case .socket, .fifo: leftOut += 1
      case .device: throw TreeBuilder.unsafe(entry.path, "is a \(entry.kind.name)")
      }
      progress(builder.bytes)
    }
  }

  /// Unpacks a tar archive, below `prefix` where one is given.
  func unpack(_ source: Descriptor, below prefix: String = "") throws {
    let reader = TarReader(ArchiveInput(source) { [stop] in stop.isSet })
    let start = prefix.isEmpty ? [] : Array(prefix.utf8) + [UInt8(ascii: "/")]
    while var member = try reader.next() {
      member.name = start + member.name
      try builder.admit(member.name)
      switch member.kind {
      case .file: try unpack(member, reader)
      case .directory:
        try makeParents(of: member.name)
        try builder.directory(member.name, attributes(0o700, member.seconds))
        made.insert(try TreeBuilder.parts(of: member.name).joined(separator: [UInt8(ascii: "/")]).map { $0 })
        guard try reader.input.pass(member.stored, to: { _ in }) else { throw reader.truncated() }
      case .link: note(link: member.name, to: member.target)
      case .hardLink: try builder.hardLink(member.name, to: start + member.target)
      case .special(let what):
        guard !what.contains("device") else { throw TreeBuilder.unsafe(member.name, "is a \(what)") }
        leftOut += 1
      }
      progress(builder.bytes)
    }
  }

  /// Sets what was put off for directories. To be called once, at the end.
  func finish() throws { try builder.finish() }

  private func attributes(_ mode: UInt32, _ seconds: Int64) -> TreeBuilder.Attributes {
    TreeBuilder.Attributes(
      mode: mode, uid: Int64(owner?.uid ?? geteuid()), gid: Int64(owner?.gid ?? getegid()), seconds: seconds, nanoseconds: 0)
  }

  private func note(link: [UInt8], to target: [UInt8]) {
    if links.count < 1000 { links[Manifest.escaped(link)] = Manifest.escaped(target) }
  }

  private func copy(_ entry: Manifest.Entry, from directory: Descriptor) throws {
    let raw = openat(directory.raw, TreeBuilder.terminated(entry.path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard raw >= 0 else { throw unreadable(entry.path, errno) }
    let input = Descriptor(owning: raw)
    var status = stat()
    guard fstat(raw, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { throw unreadable(entry.path, EINVAL) }
    try builder.admit(bytes: Int64(status.st_size))
    let file = try builder.file(entry.path, attributes(0o600, entry.seconds))
    let result = csystem_copy_file(raw, file)
    guard result == 0 else {
      close(file)
      if -result == ENOSPC || -result == EDQUOT { throw Fault(.noSpace, "the scratch directory is full", advice: "Free some space") }
      throw unreadable(entry.path, -result)
    }
    withExtendedLifetime(input) {}
    try builder.close(file, entry.path, attributes(0o600, entry.seconds))
  }

  private func unpack(_ member: TarMember, _ reader: TarReader) throws {
    try makeParents(of: member.name)
    try builder.unpack(member, from: reader, attributes(0o600, member.seconds))
  }

  /// Directories that the archive does not name would belong to us and not to the server's user.
  private func makeParents(of name: [UInt8]) throws {
    let parts = try TreeBuilder.parts(of: name)
    guard parts.count > 1 else { return }
    for count in 1..<parts.count {
      let parent = Array(parts[..<count].joined(separator: [UInt8(ascii: "/")]))
      if made.insert(parent).inserted { try builder.directory(parent, attributes(0o700, 0)) }
    }
  }

  private func unreadable(_ path: [UInt8], _ code: Int32) -> Fault {
    Fault(.backupUnreadable, "cannot read \(Manifest.escaped(path).prefix(200)) in the backup: \(systemMessage(code))")
  }
}
