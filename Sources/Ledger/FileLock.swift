internal import DrillModel
internal import Glibc
internal import Synchronization

/// An exclusive `flock` on a file of its own, held until it is released or our process ends, however it ends.
///
/// The descriptor is close-on-exec, so a program that we start does not keep the lock alive.
final class FileLock: Sendable {
  let path: String
  private let descriptor: Mutex<Int32>

  private init(path: String, descriptor: Int32) {
    self.path = path
    self.descriptor = Mutex(descriptor)
  }

  deinit { release() }

  /// Whether the lock is still ours.
  var isHeld: Bool { descriptor.withLock { $0 >= 0 } }

  /// Lets go of the lock and leaves the file. Repeating it is a no-op.
  func release() {
    descriptor.withLock { raw in
      if raw >= 0 { _ = close(raw) }
      raw = -1
    }
  }

  /// Replaces what the file says. A lock that was let go is left alone; false when the disk did not take it.
  func replaceContent(_ bytes: [UInt8]) -> Bool {
    descriptor.withLock { raw in
      guard raw >= 0 else { return false }
      return pwrite(raw, bytes, bytes.count, 0) == bytes.count && ftruncate(raw, off_t(bytes.count)) == 0
    }
  }

  /// Removes the file, then lets go. Repeating it is a no-op.
  func remove() {
    if isHeld { _ = unlink(path) }
    release()
  }

  /// Takes the lock, making the file when it is not there; nil when another process holds it.
  ///
  /// Tries for a fifth of a second, because a look at the lock (`isHeld(at:)`) takes it for a moment.
  /// - Throws: `Fault` with code `ledger_unusable` when the file cannot be made.
  static func acquire(at path: String) throws -> FileLock? {
    for attempt in 0..<20 {
      if attempt > 0 { usleep(10_000) }
      let raw = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
      guard raw >= 0 else { throw Fault.file("cannot make the lock file", path, errno) }
      if flock(raw, LOCK_EX | LOCK_NB) == 0, isSameFile(raw, path) { return FileLock(path: path, descriptor: raw) }
      _ = close(raw)
    }
    return nil
  }

  /// Whether a living process holds the lock. A file that is not there is held by nobody.
  static func isHeld(at path: String) -> Bool {
    let raw = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard raw >= 0 else { return false }
    defer { _ = close(raw) }
    return flock(raw, LOCK_SH | LOCK_NB) != 0
  }

  // Another process may have removed the file between our opening and our locking it.
  private static func isSameFile(_ raw: Int32, _ path: String) -> Bool {
    var ours = stat()
    var there = stat()
    return fstat(raw, &ours) == 0 && lstat(path, &there) == 0 && ours.st_ino == there.st_ino && ours.st_dev == there.st_dev
  }
}
