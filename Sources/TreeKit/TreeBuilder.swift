package import DrillModel
internal import Glibc
internal import Manifests

/// Makes files, directories and links below one directory and nowhere else.
///
/// Every step from the root down goes through a descriptor opened without following links, so no name and no link that came
/// before can lead outside. Belongs to one thread.
package final class TreeBuilder {
  private static let deepest = 400

  private let root: Int32
  private let limits: UnpackLimits
  private let isRoot = geteuid() == 0
  /// The directory last used and those above it, below the root.
  private var open: [(name: [UInt8], descriptor: Int32)] = []
  private var directories: DirectoryJournal
  /// Entries and bytes admitted, and names that came more than once.
  package private(set) var entries = 0
  package private(set) var bytes: Int64 = 0
  package private(set) var replaced = 0
  /// Modes with set-id bits, which are not restored, by escaped path.
  package private(set) var withheldModes: [String: UInt32] = [:]

  /// Takes an existing, empty directory; `journal` is a file that will be made beside it.
  ///
  /// - Throws: `Fault` with code `scratch_unusable`.
  package init(root path: String, journal: String, limits: UnpackLimits) throws {
    root = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard root >= 0 else { throw Fault(.scratchUnusable, "cannot open \(path): \(String(cString: strerror(errno)))") }
    self.limits = limits
    directories = try DirectoryJournal(path: journal)
  }

  deinit {
    for level in open { Glibc.close(level.descriptor) }
    if root >= 0 { Glibc.close(root) }
  }

  /// What an entry carries besides its content.
  package struct Attributes: Sendable {
    package var mode: UInt32
    package var uid: Int64
    package var gid: Int64
    package var seconds: Int64
    package var nanoseconds: Int64

    package init(mode: UInt32, uid: Int64, gid: Int64, seconds: Int64, nanoseconds: Int64) {
      self.mode = mode
      self.uid = uid
      self.gid = gid
      self.seconds = seconds
      self.nanoseconds = nanoseconds
    }
  }

  // MARK: Names

  /// The parts of a name; refuses what would lead outside.
  package static func parts(of name: [UInt8]) throws -> [[UInt8]] {
    if name.first == UInt8(ascii: "/") { throw Self.unsafe(name, "has an absolute path") }
    let parts = name.split(separator: UInt8(ascii: "/")).map(Array.init).filter { $0 != [UInt8(ascii: ".")] }
    if parts.contains(Array("..".utf8)) { throw Self.unsafe(name, "leads out of its directory (..)") }
    guard parts.count <= deepest, name.count < 4096, parts.allSatisfy({ $0.count <= 255 && !$0.contains(0) }) else {
      throw Self.unsafe(name, "has a name that is too long or too deep")
    }
    return parts
  }

  /// The fault for a name that a backup must not have.
  package static func unsafe(_ name: [UInt8], _ what: String) -> Fault {
    Fault(
      .unsafeContent, "the backup's entry \(Manifest.escaped(name).prefix(200)) \(what); nothing was written outside the scratch directory",
      advice: "Look at who can write to the backups")
  }

  /// Counts an entry against the limit.
  package func admit(_ name: [UInt8]) throws {
    entries += 1
    guard entries <= limits.entries else {
      throw Fault(
        .unsafeContent, "the backup holds more than \(limits.entries) entries", advice: "Raise the drill's unpack limit if that is right")
    }
  }

  /// Counts bytes against the limit before they are written.
  package func admit(bytes count: Int64) throws {
    let (sum, overflow) = bytes.addingReportingOverflow(count)
    guard !overflow, sum <= limits.bytes ?? .max else {
      throw Fault(
        .unsafeContent, "the backup unpacks to more than \(limits.bytes ?? .max) bytes",
        advice: "Raise the drill's unpack limit if that is right")
    }
    bytes = sum
  }

  // MARK: Entries

  /// Makes a directory, or takes the one that is there; its mode, owner and time are set by `finish`.
  package func directory(_ name: [UInt8], _ attributes: Attributes) throws {
    let parts = try Self.parts(of: name)
    if parts.isEmpty { return }
    let existed = try descend(parts, name)
    directories.add(path: Array(parts.joined(separator: [UInt8(ascii: "/")])), attributes, again: existed)
    noteMode(parts, attributes.mode)
  }

  /// Makes a file and gives its descriptor, to be given back to `close(_:)`. What was there under the name is replaced, never followed.
  package func file(_ name: [UInt8], _ attributes: Attributes) throws -> Int32 {
    let (directory, leaf) = try place(name)
    let file = openat(directory, Self.terminated(leaf), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw failure("cannot make", name) }
    noteMode(try Self.parts(of: name), attributes.mode)
    return file
  }

  /// Sets a file's owner, mode and time, and closes it.
  package func close(_ file: Int32, _ name: [UInt8], _ attributes: Attributes) throws {
    defer { _ = Glibc.close(file) }
    if isRoot, fchown(file, UInt32(truncatingIfNeeded: attributes.uid), UInt32(truncatingIfNeeded: attributes.gid)) != 0 {
      throw failure("cannot set the owner of", name)
    }
    let times = Self.times(attributes)
    guard fchmod(file, attributes.mode & 0o1777) == 0, futimens(file, times) == 0 else {
      throw failure("cannot set mode and time of", name)
    }
  }

  /// Makes a symbolic link, which nothing here ever follows.
  package func link(_ name: [UInt8], to target: [UInt8], _ attributes: Attributes) throws {
    let (directory, leaf) = try place(name)
    guard !target.isEmpty, target.count < 4096, !target.contains(0) else { throw Self.unsafe(name, "links to an impossible name") }
    let name0 = Self.terminated(leaf)
    guard symlinkat(Self.terminated(target), directory, name0) == 0 else { throw failure("cannot make the link", name) }
    if isRoot,
      fchownat(
        directory, name0, UInt32(truncatingIfNeeded: attributes.uid), UInt32(truncatingIfNeeded: attributes.gid), AT_SYMLINK_NOFOLLOW)
        != 0
    {
      throw failure("cannot set the owner of", name)
    }
    _ = utimensat(directory, name0, Self.times(attributes), AT_SYMLINK_NOFOLLOW)
  }

  /// Links to a file that the backup brought before, found like any other name: below the root, through no link.
  package func hardLink(_ name: [UInt8], to target: [UInt8]) throws {
    let parts = try Self.parts(of: target)
    guard let leaf = parts.last else { throw Self.unsafe(name, "links to the root") }
    if try Self.parts(of: name) == parts { return }
    var source = dup(root)
    defer { _ = Glibc.close(source) }
    for part in parts.dropLast() {
      let next = openat(source, Self.terminated(part), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      guard next >= 0 else { throw noTarget(name, target) }
      _ = Glibc.close(source)
      source = next
    }
    var status = stat()
    guard fstatat(source, Self.terminated(leaf), &status, AT_SYMLINK_NOFOLLOW) == 0 else { throw noTarget(name, target) }
    guard status.st_mode & S_IFMT != S_IFDIR else { throw Self.unsafe(name, "is a hard link to a directory") }
    let (directory, own) = try place(name)
    guard linkat(source, Self.terminated(leaf), directory, Self.terminated(own), 0) == 0 else {
      throw failure("cannot make the link", name)
    }
    if let mode = withheldModes[Manifest.escaped(Array(parts.joined(separator: [UInt8(ascii: "/")])))] {
      noteMode(try Self.parts(of: name), mode)
    }
  }

  private func noTarget(_ name: [UInt8], _ target: [UInt8]) -> Fault {
    if errno == ELOOP || errno == ENOTDIR {
      return Self.unsafe(name, "is a hard link through a symbolic link (\(Manifest.escaped(target).prefix(200)))")
    }
    return Fault(
      .restoreFailed,
      "the backup's entry \(Manifest.escaped(name).prefix(200)) is a hard link to \(Manifest.escaped(target).prefix(200)), which the backup does not hold"
    )
  }

  /// Sets what was put off for directories, the deepest first.
  package func finish() throws {
    for level in open { _ = Glibc.close(level.descriptor) }
    open = []
    try directories.replay { path, attributes in
      let name0 = Self.terminated(path)
      if isRoot,
        fchownat(root, name0, UInt32(truncatingIfNeeded: attributes.uid), UInt32(truncatingIfNeeded: attributes.gid), AT_SYMLINK_NOFOLLOW)
          != 0
      {
        throw failure("cannot set the owner of", path)
      }
      // Everything on the way is a directory that we made, so the path leads through no link.
      guard fchmodat(root, name0, attributes.mode & 0o1777, 0) == 0,
        utimensat(root, name0, Self.times(attributes), AT_SYMLINK_NOFOLLOW) == 0
      else { throw failure("cannot set mode and time of", path) }
    }
  }

  // MARK: Steps

  /// The directory that is to hold `name`, made where it is missing, with nothing under the name any more.
  private func place(_ name: [UInt8]) throws -> (Int32, [UInt8]) {
    let parts = try Self.parts(of: name)
    guard let leaf = parts.last else { throw Self.unsafe(name, "has no name") }
    _ = try descend(Array(parts.dropLast()), name)
    let directory = open.last?.descriptor ?? root
    if unlinkat(directory, Self.terminated(leaf), 0) == 0 {
      replaced += 1
    } else if errno != ENOENT {
      if errno == EISDIR || errno == EPERM {
        throw Fault(.restoreFailed, "the backup's entry \(Manifest.escaped(name).prefix(200)) would replace a directory")
      }
      throw failure("cannot replace", name)
    }
    return (directory, leaf)
  }

  /// Opens the directory at `parts`, making what is missing; whether its last part existed.
  private func descend(_ parts: [[UInt8]], _ name: [UInt8]) throws -> Bool {
    var shared = 0
    while shared < parts.count, shared < open.count, open[shared].name == parts[shared] { shared += 1 }
    while open.count > shared { _ = Glibc.close(open.removeLast().descriptor) }
    var existed = true
    for part in parts.dropFirst(shared) {
      let above = open.last?.descriptor ?? root
      existed = mkdirat(above, Self.terminated(part), 0o700) != 0
      if existed, errno != EEXIST { throw failure("cannot make the directory of", name) }
      let next = openat(above, Self.terminated(part), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      guard next >= 0 else {
        if errno == ELOOP || errno == ENOTDIR {
          throw Self.unsafe(name, "passes through a link or file that the backup made a directory's place")
        }
        throw failure("cannot open the directory of", name)
      }
      open.append((part, next))
    }
    return existed
  }

  private func noteMode(_ parts: [[UInt8]], _ mode: UInt32) {
    let path = Manifest.escaped(Array(parts.joined(separator: [UInt8(ascii: "/")])))
    guard mode & 0o6000 != 0 else {
      if !withheldModes.isEmpty { withheldModes[path] = nil }
      return
    }
    // Bounded, because an archive of nothing else must not fill our memory; beyond it a manifest shows the difference.
    if withheldModes.count < 100_000 { withheldModes[path] = mode }
  }

  private func failure(_ what: String, _ name: [UInt8]) -> Fault {
    let reason = String(cString: strerror(errno))
    let code: FaultCode = errno == ENOSPC || errno == EDQUOT ? .noSpace : .scratchUnusable
    return Fault(code, "\(what) \(Manifest.escaped(name).prefix(200)) in the scratch directory: \(reason)")
  }

  private static func times(_ attributes: Attributes) -> [timespec] {
    let time = timespec(tv_sec: Int(attributes.seconds), tv_nsec: Int(attributes.nanoseconds))
    return [time, time]
  }

  /// A name as a system call wants it.
  package static func terminated(_ name: [UInt8]) -> [CChar] { name.map { CChar(bitPattern: $0) } + [0] }

  /// Writes all of `bytes` at `offset`.
  package func write(_ bytes: UnsafeRawBufferPointer, to file: Int32, at offset: Int64, _ name: [UInt8]) throws {
    var rest = bytes
    var place = offset
    while !rest.isEmpty {
      let count = pwrite(file, rest.baseAddress, rest.count, off_t(place))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw failure("cannot write", name) }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      place += Int64(count)
    }
  }

  /// Gives a file its size where it ends in a hole.
  package func extend(_ file: Int32, to size: Int64, _ name: [UInt8]) throws {
    guard ftruncate(file, off_t(size)) == 0 else { throw failure("cannot extend", name) }
  }
}
