import DrillModel
import Glibc

/// Walks a directory tree in a manifest's order, never following a symbolic link, holding one directory's names a level.
///
/// Belongs to one thread.
package struct TreeWalker: ~Copyable {
  /// Directories within directories; each level holds a descriptor.
  static let deepest = 400

  private let root: String
  private var levels: [Level] = []

  private struct Level {
    var descriptor: Int32
    var prefix: [UInt8]
    var names: NameList
    var next = 0
  }

  /// Starts at `root`, which itself is no entry.
  ///
  /// - Throws: `Fault` with code `permission_denied` when it cannot be read.
  package init(root: String) throws {
    self.root = root
    let descriptor = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw TreeReadFault.of("cannot read the directory \(root)") }
    try enter(descriptor, prefix: [])
  }

  deinit { for level in levels { close(level.descriptor) } }

  /// How many names the root itself holds; 0 once the walk is over.
  package var topLevelCount: Int { levels.first?.names.count ?? 0 }

  /// The next entry, without its digest; nil after the last.
  package mutating func next() throws -> Manifest.Entry? {
    while let level = levels.last {
      guard level.next < level.names.count else {
        close(level.descriptor)
        levels.removeLast()
        continue
      }
      levels[levels.count - 1].next += 1
      let name = level.names[level.next]
      let path = level.prefix + name
      let entry = try describe(name, path, in: level.descriptor)
      if entry.kind == .directory {
        let descriptor = openat(level.descriptor, Self.terminated(name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw fault("cannot read the directory", path) }
        try enter(descriptor, prefix: path + [UInt8(ascii: "/")])
      }
      return entry
    }
    return nil
  }

  private mutating func enter(_ descriptor: Int32, prefix: [UInt8]) throws {
    guard levels.count < Self.deepest else {
      close(descriptor)
      throw Fault(.permissionDenied, "\(root) is more than \(Self.deepest) directories deep")
    }
    guard let names = NameList(of: descriptor) else {
      defer { close(descriptor) }
      throw fault("cannot list", prefix)
    }
    levels.append(Level(descriptor: descriptor, prefix: prefix, names: names))
  }

  private func describe(_ name: [UInt8], _ path: [UInt8], in directory: Int32) throws -> Manifest.Entry {
    var status = stat()
    guard fstatat(directory, Self.terminated(name), &status, AT_SYMLINK_NOFOLLOW) == 0 else { throw fault("cannot look at", path) }
    let kind: Manifest.Kind =
      switch status.st_mode & S_IFMT {
      case S_IFREG: .file
      case S_IFDIR: .directory
      case S_IFLNK: .link
      case S_IFIFO: .fifo
      case S_IFSOCK: .socket
      default: .device
      }
    var entry = Manifest.Entry(
      path: path, kind: kind, mode: status.st_mode & 0o7777, uid: status.st_uid, gid: status.st_gid,
      seconds: Int64(status.st_mtim.tv_sec), nanoseconds: Int64(status.st_mtim.tv_nsec), size: kind == .file ? Int64(status.st_size) : 0)
    if kind == .link { entry.target = try target(name, path, in: directory) }
    return entry
  }

  private func target(_ name: [UInt8], _ path: [UInt8], in directory: Int32) throws -> [UInt8] {
    var buffer = [CChar](repeating: 0, count: 4097)
    let count = readlinkat(directory, Self.terminated(name), &buffer, buffer.count)
    guard count >= 0 else { throw fault("cannot read the link", path) }
    return buffer.prefix(count).map { UInt8(bitPattern: $0) }
  }

  private func fault(_ what: String, _ path: [UInt8]) -> Fault {
    TreeReadFault.of("\(what) \(Manifest.escaped(path)) in \(root)")
  }

  static func terminated(_ name: [UInt8]) -> [CChar] { name.map { CChar(bitPattern: $0) } + [0] }
}

/// The names in one directory, sorted by their bytes and packed: a directory may hold millions.
private struct NameList {
  private var bytes: [UInt8] = []
  /// Where each name starts and how long it is.
  private var places: [(start: UInt32, length: UInt8)] = []

  var count: Int { places.count }

  subscript(index: Int) -> [UInt8] {
    let place = places[index]
    return Array(bytes[Int(place.start)..<Int(place.start) + Int(place.length)])
  }

  /// Nil, with errno, when the directory cannot be listed. The descriptor stays the caller's.
  init?(of descriptor: Int32) {
    let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
    guard copy >= 0, let stream = fdopendir(copy) else { return nil }
    defer { closedir(stream) }
    errno = 0
    while let entry = readdir(stream) {
      // d_name is declared with 256 bytes, and a name has at most 255.
      withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: UInt8.self, capacity: 256) { append(UnsafeBufferPointer(start: $0, count: 255)) }
      }
      guard bytes.count < Int(UInt32.max) - 256 else {
        errno = EOVERFLOW
        return nil
      }
      errno = 0
    }
    guard errno == 0 else { return nil }
    sort()
  }

  private mutating func append(_ field: UnsafeBufferPointer<UInt8>) {
    let name = field.prefix { $0 != 0 }
    let dot = UInt8(ascii: ".")
    if name.first == dot, name.count == 1 || (name.count == 2 && name[1] == dot) { return }
    places.append((UInt32(bytes.count), UInt8(name.count)))
    bytes += name
  }

  private mutating func sort() {
    bytes.withUnsafeBufferPointer { all in
      guard let base = all.baseAddress else { return }
      places.sort { left, right in
        let order = memcmp(base + Int(left.start), base + Int(right.start), Int(min(left.length, right.length)))
        return order == 0 ? left.length < right.length : order < 0
      }
    }
  }
}
