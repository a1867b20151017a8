import DrillModel
internal import Glibc
import Selecting
import ToolRunner

/// Lists one directory, or one file, without opening what it finds (but for checksum files and files that may still be written).
struct DirectoryListing: Sendable {
  var path: String
  var depth: Int
  var settle: Duration
  var now: Timestamp

  /// How many of the youngest files are asked whether somebody is writing them.
  private static let probeLimit = 1000

  /// - Throws: `Fault` with code `source_unreachable` or `permission_denied`.
  func artefacts() throws -> [Artefact] {
    guard let status = Entry.status(path) else { throw Fault.unreachable("The place of the backups", path, errno) }
    if !status.isDirectory { return try [single(status)] }
    var found: [Found] = []
    try list(openDirectory(path), path, prefix: "", level: 0, into: &found)
    try refuseInsideOfDump(found)
    try refuseInsideOfBaseBackup(Set(found.map(\.artefact.name)))
    markWriting(&found)
    return found.map(\.artefact)
  }

  /// A directory that `pg_dump -Fd` wrote is one backup: none of the files in it is.
  private func refuseInsideOfDump(_ found: [Found]) throws {
    guard let contents = found.first(where: { $0.artefact.name == "toc.dat" && $0.artefact.kind == .file }),
      found.allSatisfy({ $0.artefact.name.wholeMatch(of: /toc\.dat|(\d+|blob_\d+)\.dat(\.\w+)?|blobs(_\d+)?\.toc/) != nil })
    else { return }
    let file = Descriptor(owning: openat(contents.folder.raw, "toc.dat", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC))
    var head = [UInt8](repeating: 0, count: 5)
    guard read(file.raw, &head, 5) == 5, head == Array("PGDMP".utf8) else { return }
    let resolved = Entry.resolve(path) ?? path
    throw Fault(
      .configuration, "\(path) is itself one dump, which pg_dump -Fd wrote, and not a directory of backups",
      advice:
        "Write `from: \(Entry.parent(of: resolved))` and `match: \"\(Entry.lastComponent(of: resolved))\"`, the time in the name as fields "
        + "such as %Y%m%d")
  }

  /// Neither is any file of a base backup of PostgreSQL.
  private func refuseInsideOfBaseBackup(_ names: Set<String>) throws {
    let isPlain = names.isSuperset(of: ["PG_VERSION", "global", "base"])
    let isArchives = names.contains("backup_manifest") && names.contains { $0.hasPrefix("base.tar") }
    guard isPlain || isArchives else { return }
    let resolved = Entry.resolve(path) ?? path
    throw Fault(
      .configuration, "\(path) is itself one base backup of PostgreSQL, and not a directory of backups",
      advice:
        "Write `from: \(Entry.parent(of: resolved))` and `match: \"\(Entry.lastComponent(of: resolved))\"`, the time in the name as fields "
        + "such as %Y%m%d")
  }

  private struct Found {
    var artefact: Artefact
    var raw: [UInt8]
    /// The folder that holds it, open.
    var folder: Descriptor
  }

  /// A path that is no directory: whatever a link leads to, because a person pointed at it.
  private func single(_ status: Entry.Status) throws -> Artefact {
    let resolved = Entry.resolve(path) ?? path
    let folder = try openDirectory(Entry.parent(of: resolved))
    let name = Entry.lastComponent(of: resolved)
    var artefact = Artefact(
      location: resolved, name: name, kind: status.kind, bytes: status.isRegular ? status.bytes : nil, modified: status.modified)
    guard status.isRegular else { return artefact }
    let names = Set(ChecksumText.suffixes.map { name + $0 }.filter { faccessat(folder.raw, $0, F_OK, AT_SYMLINK_NOFOLLOW) == 0 })
    note(ChecksumFile.beside(name, in: folder, names: names), in: &artefact)
    var found = [Found(artefact: artefact, raw: Array(name.utf8), folder: folder)]
    markWriting(&found)
    return found[0].artefact
  }

  private func openDirectory(_ path: String) throws -> Descriptor {
    let raw = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard raw >= 0 else { throw Fault.unreachable("The directory", path, errno) }
    return Descriptor(owning: raw)
  }

  private func list(_ folder: Descriptor, _ path: String, prefix: String, level: Int, into found: inout [Found]) throws {
    let names = try Self.rawNames(folder, path)
    let texts = names.map(Entry.text)
    let sidecars = Set(texts.filter { text in ChecksumText.suffixes.contains { text.hasSuffix($0) } })
    for (raw, text) in zip(names, texts) where NameRole(of: text, pattern: nil) != .hidden || text.hasPrefix(".") {
      guard let status = status(raw, in: folder), !(status.isLink && isAlias(text, in: path)) else { continue }
      if status.isDirectory, level < depth {
        if text.hasPrefix(".") { continue }
        let inner = openat(folder.raw, cString(raw), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        if inner < 0, errno == ENOENT || errno == ELOOP || errno == ENOTDIR { continue }
        guard inner >= 0 else { throw Fault.unreachable("The directory", "\(path)/\(text)", errno) }
        try list(Descriptor(owning: inner), "\(path)/\(text)", prefix: "\(prefix)\(text)/", level: level + 1, into: &found)
        continue
      }
      var artefact = Artefact(
        location: path.hasSuffix("/") ? path + text : "\(path)/\(text)", name: prefix + text, kind: status.kind,
        bytes: status.isRegular ? status.bytes : nil, modified: status.modified)
      if status.isRegular, !sidecars.isEmpty { note(ChecksumFile.beside(text, in: folder, names: sidecars), in: &artefact) }
      found.append(Found(artefact: artefact, raw: raw, folder: folder))
    }
  }

  static func rawNames(_ folder: Descriptor, _ path: String) throws -> [[UInt8]] {
    let copy = fcntl(folder.raw, F_DUPFD_CLOEXEC, 0)
    guard copy >= 0, let stream = fdopendir(copy) else { throw Fault.unreachable("The directory", path, errno) }
    defer { closedir(stream) }
    var names: [[UInt8]] = []
    while true {
      errno = 0
      guard let entry = readdir(stream) else {
        // A listing that broke off half-way would hide backups.
        if errno != 0 { throw Fault.unreachable("The directory", path, errno) }
        return names
      }
      let offset = MemoryLayout<dirent>.offset(of: \dirent.d_name) ?? 0
      let name = (UnsafeRawPointer(entry) + offset).assumingMemoryBound(to: UInt8.self)
      let bytes = Array(UnsafeBufferPointer(start: name, count: strlen((UnsafeRawPointer(name)).assumingMemoryBound(to: CChar.self))))
      if bytes != [0x2E], bytes != [0x2E, 0x2E] { names.append(bytes) }
    }
  }

  /// Nil for what vanished since.
  private func status(_ raw: [UInt8], in folder: Descriptor) -> Entry.Status? {
    var result = stat()
    return fstatat(folder.raw, cString(raw), &result, AT_SYMLINK_NOFOLLOW) == 0 ? Entry.Status(result) : nil
  }

  /// Whether a link names something in its own directory, there or not: another name of what is listed anyway.
  private func isAlias(_ name: String, in path: String) -> Bool {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let length = readlink("\(path)/\(name)", &buffer, buffer.count - 1)
    guard length > 0 else { return false }
    let target = String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let folder = Entry.resolve(path) ?? path
    if let resolved = Entry.resolve("\(path)/\(name)") { return Entry.parent(of: resolved) == folder }
    let plain = target.hasPrefix("./") ? String(target.dropFirst(2)) : target
    return !plain.contains("/") || Entry.parent(of: plain) == folder
  }

  private func note(_ checksum: ChecksumText, in artefact: inout Artefact) {
    switch checksum {
    case .none: break
    case .sha256(let digits): artefact.expectedSHA256 = digits
    case .unusable(let problem): artefact.checksumProblem = problem
    }
  }

  private func markWriting(_ found: inout [Found]) {
    let young = found.indices.filter { index in
      let artefact = found[index].artefact
      guard artefact.kind == .file, let modified = artefact.modified else { return false }
      return now - modified < settle
    }
    let youngest = young.sorted { (found[$0].artefact.modified ?? now) > (found[$1].artefact.modified ?? now) }
    for index in youngest.prefix(Self.probeLimit) {
      found[index].artefact.isBeingWritten = WriterProbe.isWritten(found[index].raw, in: found[index].folder)
    }
  }
}

/// A name as a system call wants it.
func cString(_ raw: [UInt8]) -> [CChar] { raw.map { CChar(bitPattern: $0) } + [0] }
