internal import DrillModel
internal import Glibc

/// Keeps in a file what must be set on directories once everything is inside them, so that memory does not grow with their number.
final class DirectoryJournal {
  private let file: Int32
  private var size: Int64 = 0
  private var pending: [UInt8] = []
  private var failure: Int32 = 0
  /// Directories that came a second time: the later entry wins, so they are set last, in their order.
  private var again: [([UInt8], TreeBuilder.Attributes)] = []

  init(path: String) throws {
    file = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw Fault(.scratchUnusable, "cannot make \(path): \(String(cString: strerror(errno)))") }
    unlink(path)
  }

  deinit { close(file) }

  func add(path: [UInt8], _ attributes: TreeBuilder.Attributes, again isAgain: Bool) {
    if isAgain, again.count < 100_000 {
      again.append((path, attributes))
      return
    }
    var record = path
    for number in [Int64(attributes.mode), attributes.uid, attributes.gid, attributes.seconds, attributes.nanoseconds, Int64(path.count)] {
      withUnsafeBytes(of: number) { record += $0 }
    }
    pending += record
    if pending.count > 1 << 16 { flush() }
  }

  private func flush() {
    var rest = pending[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { pwrite(file, $0.baseAddress, $0.count, off_t(size)) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        failure = errno
        break
      }
      size += Int64(count)
      rest = rest.dropFirst(count)
    }
    pending = []
  }

  /// Hands over every directory, the last noted first, which is a deeper one before those that hold it.
  ///
  /// - Throws: `Fault` when the journal could not be kept, and what `body` throws.
  func replay(_ body: (_ path: [UInt8], _ attributes: TreeBuilder.Attributes) throws -> Void) throws {
    flush()
    var end = size
    while end > 0, failure == 0 {
      let numbers = read(48, before: end)
      guard numbers.count == 48 else { break }
      let values = (0..<6).map { index in
        numbers.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: index * 8, as: Int64.self) }
      }
      let path = read(Int(values[5]), before: end - 48)
      guard path.count == Int(values[5]) else { break }
      end -= 48 + values[5]
      let attributes = TreeBuilder.Attributes(
        mode: UInt32(truncatingIfNeeded: values[0]), uid: values[1], gid: values[2], seconds: values[3], nanoseconds: values[4])
      try body(path, attributes)
    }
    guard end == 0, failure == 0 else {
      throw Fault(
        failure == ENOSPC ? .noSpace : .scratchUnusable, "the list of restored directories could not be kept in the scratch directory")
    }
    for (path, attributes) in again { try body(path, attributes) }
  }

  private func read(_ count: Int, before end: Int64) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { space, got in
      got = max(0, pread(file, space.baseAddress, count, off_t(end) - count))
    }
  }
}
