import DrillModel
import Glibc

/// Where a report goes: standard output, or a file that appears, whole, in place of an older one.
final class ReportTarget {
  private let path: String?
  private let draft: String
  private var descriptor: Int32

  /// - Throws: `Fault` when the file cannot be made.
  init(_ path: String?) throws {
    self.path = path
    draft = path.map { "\($0).\(getpid()).part" } ?? ""
    descriptor = path == nil ? STDOUT_FILENO : open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
    if descriptor < 0 { throw unusable() }
  }

  deinit {
    guard path != nil, descriptor >= 0 else { return }
    close(descriptor)
    unlink(draft)
  }

  /// - Throws: `Fault` when not everything could be written.
  func add(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if written < 0, errno == EINTR { continue }
      // A reader of the pipe that has seen enough is not our error.
      if written < 0, path == nil, errno == EPIPE { return }
      guard written > 0 else { throw unusable() }
      rest = rest.dropFirst(written)
    }
  }

  /// Puts the file in its place. May be called once.
  ///
  /// - Throws: `Fault` when that fails; an older file is still there then.
  func complete() throws {
    guard let path else { return }
    let isOnDisk = fsync(descriptor) == 0
    let code = errno
    close(descriptor)
    descriptor = -1
    errno = code
    guard isOnDisk, rename(draft, path) == 0 else {
      let fault = unusable()
      unlink(draft)
      throw fault
    }
  }

  private func unusable() -> Fault {
    let reason = String(cString: strerror(errno))
    return Fault(
      errno == ENOSPC ? .noSpace : .permissionDenied, "the report cannot be written to \(path ?? "standard output"): \(reason)",
      advice: "Check the directory's owner, mode and free space, or give another --output")
  }
}
