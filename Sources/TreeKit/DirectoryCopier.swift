internal import DrillModel
internal import Glibc
package import Manifests
package import ToolRunner

/// Copies the files of a directory tree, keeping which names are links to one file.
package struct DirectoryCopier: ~Copyable {
  private let source: Descriptor
  private let builder: TreeBuilder
  private let stop: StopFlag
  private let buffer: UnsafeMutableRawBufferPointer
  /// The first name of each file that has several.
  private var first: [Identity: [UInt8]] = [:]

  private struct Identity: Hashable {
    var device: UInt64
    var inode: UInt64
  }

  package init(source: Descriptor, builder: TreeBuilder, stop: StopFlag) {
    self.source = source
    self.builder = builder
    self.stop = stop
    buffer = .allocate(byteCount: 1 << 20, alignment: 4096)
  }

  deinit { buffer.deallocate() }

  package mutating func copy(_ entry: Manifest.Entry, _ attributes: TreeBuilder.Attributes) throws {
    let raw = openat(source.raw, TreeBuilder.terminated(entry.path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard raw >= 0 else { throw unreadable(entry) }
    let input = Descriptor(owning: raw)
    var status = stat()
    guard fstat(raw, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { throw unreadable(entry) }
    if status.st_nlink > 1 {
      let identity = Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
      if let earlier = first[identity] { return try builder.hardLink(entry.path, to: earlier) }
      first[identity] = entry.path
    }
    let file = try builder.file(entry.path, attributes)
    var isClosed = false
    defer { if !isClosed { close(file) } }
    try pump(input, to: file, entry)
    isClosed = true
    try builder.close(file, entry.path, attributes)
  }

  private func pump(_ input: Descriptor, to file: Int32, _ entry: Manifest.Entry) throws {
    var offset: Int64 = 0
    while true {
      let count = read(input.raw, buffer.baseAddress, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw unreadable(entry) }
      if count == 0 { return }
      try builder.admit(bytes: Int64(count))
      try builder.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]), to: file, at: offset, entry.path)
      offset += Int64(count)
      if stop.isSet { throw CancellationError() }
    }
  }

  private func unreadable(_ entry: Manifest.Entry) -> Fault {
    Fault(.backupUnreadable, "cannot read \(Manifest.escaped(entry.path).prefix(200)) in the backup: \(String(cString: strerror(errno)))")
  }
}
