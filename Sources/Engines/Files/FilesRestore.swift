import DrillModel
import EngineKit
import Glibc
import Manifests
import ToolRunner
import TreeKit

/// Restores a tar archive or a directory into a fresh directory; runs on a thread of its own, for it blocks.
struct FilesRestore: Sendable {
  let root: String
  let journal: String
  let special: FilesEngine.Special
  let context: EngineContext
  let stop: StopFlag

  struct Result: Sendable {
    var notes: [String]
    var withheldModes: [String: UInt32]
  }

  func run(_ content: BackupContent) throws -> Result {
    let builder = try TreeBuilder(root: root, journal: journal, limits: context.limits)
    var notes: [String] = []
    switch content {
    case .stream(let descriptor):
      defer { descriptor.close() }
      notes = try extract(descriptor, builder)
    case .file(let path, _, _):
      let file = Descriptor(owning: open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC))
      guard file.raw >= 0 else { throw Fault(.backupUnreadable, "cannot open \(path): \(String(cString: strerror(errno)))") }
      notes = try extract(file, builder)
    case .directory(let path): notes = try copy(path, builder)
    case .handle: throw Fault(.backupWrongFormat, "the files engine restores a directory or a tar archive")
    }
    guard builder.entries > 0 else { throw Fault(.backupEmpty, "the backup holds no file and no directory") }
    try builder.finish()
    try sync()
    return Result(notes: notes + remarks(builder), withheldModes: builder.withheldModes)
  }

  private func remarks(_ builder: TreeBuilder) -> [String] {
    var notes: [String] = []
    if !builder.withheldModes.isEmpty {
      let names = builder.withheldModes.keys.sorted().prefix(3).joined(separator: ", ")
      notes.append("set-user-id and set-group-id bits of \(builder.withheldModes.count) entries were not restored (\(names))")
    }
    if builder.replaced > 0 { notes.append("\(builder.replaced) names came more than once; the last of each counts") }
    return notes
  }

  private func sync() throws {
    guard context.durability == .production else { return }
    try TreeSync.run(root)
  }

  // MARK: tar

  private func extract(_ descriptor: Descriptor, _ builder: TreeBuilder) throws -> [String] {
    let stop = stop
    let reader = TarReader(ArchiveInput(descriptor) { stop.isSet })
    var skipped = 0
    while let member = try reader.next() {
      try builder.admit(member.name)
      let attributes = TreeBuilder.Attributes(
        mode: member.mode, uid: member.uid, gid: member.gid, seconds: member.seconds, nanoseconds: member.nanoseconds)
      switch member.kind {
      case .file: try extractFile(member, attributes, reader, builder)
      case .directory:
        try builder.directory(member.name, attributes)
        guard try reader.input.pass(member.stored, to: { _ in }) else { throw reader.truncated() }
      case .link: try builder.link(member.name, to: member.target, attributes)
      case .hardLink: try builder.hardLink(member.name, to: member.target)
      case .special(let what):
        guard special == .skip else { throw TreeBuilder.unsafe(member.name, "is a \(what)") }
        skipped += 1
      }
      context.progress(.restore, reader.input.offset, nil)
    }
    var notes: [String] = []
    if skipped > 0 { notes.append("\(skipped) devices and FIFOs were left out") }
    if reader.hasAttributes { notes.append("extended attributes and access control lists in the archive were not restored") }
    if reader.trailing > 0 { notes.append("\(reader.trailing) bytes behind the archive's end were not looked at") }
    return notes
  }

  private func extractFile(
    _ member: TarMember, _ attributes: TreeBuilder.Attributes, _ reader: TarReader, _ builder: TreeBuilder
  ) throws {
    try judgeHoles(member)
    try builder.unpack(member, from: reader, attributes) { context.progress(.restore, reader.input.offset, nil) }
  }

  /// A hole costs no space but as much time to read as data does, so it counts as what it unpacks to.
  private func judgeHoles(_ member: TarMember) throws {
    guard member.extents != nil, member.size > 1 << 30, member.size / Int64(context.limits.ratio) > max(member.stored, 512) else { return }
    throw Fault(
      .unsafeContent, "the backup's entry \(Manifest.escaped(member.name).prefix(200)) unpacks \(member.stored) bytes to \(member.size)",
      advice: "Raise `limits.ratio` in the drill file if that is right")
  }

  // MARK: A directory

  private func copy(_ source: String, _ builder: TreeBuilder) throws -> [String] {
    var walker = try TreeWalker(root: source)
    let directory = Descriptor(owning: open(source, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
    var copier = DirectoryCopier(source: directory, builder: builder, stop: stop)
    var skipped = 0
    while let entry = try walker.next() {
      if stop.isSet { throw CancellationError() }
      try builder.admit(entry.path)
      let attributes = TreeBuilder.Attributes(
        mode: entry.mode, uid: Int64(entry.uid), gid: Int64(entry.gid), seconds: entry.seconds, nanoseconds: entry.nanoseconds)
      switch entry.kind {
      case .file: try copier.copy(entry, attributes)
      case .directory: try builder.directory(entry.path, attributes)
      case .link: try builder.link(entry.path, to: entry.target, attributes)
      case .socket: skipped += 1
      case .fifo, .device:
        guard special == .skip else { throw TreeBuilder.unsafe(entry.path, "is a \(entry.kind.name)") }
        skipped += 1
      }
      context.progress(.restore, builder.bytes, nil)
    }
    return skipped > 0 ? ["\(skipped) devices, FIFOs and sockets were left out"] : []
  }
}
