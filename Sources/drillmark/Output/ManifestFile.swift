import DrillModel
import Glibc

/// Where a manifest goes: standard output, or a file that appears only when it is complete.
struct ManifestFile: Sendable {
  private let path: String?
  private let descriptor: Int32

  /// - Throws: `Fault` when the file cannot be made.
  init(_ path: String?) throws {
    self.path = path
    guard let path else {
      descriptor = STDOUT_FILENO
      return
    }
    descriptor = open(path + ".part", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw ManifestFile.unusable(path) }
  }

  /// - Throws: `Fault` with code `no_space` or `permission_denied`.
  func add(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if written < 0, errno == EINTR { continue }
      guard written > 0 else { throw ManifestFile.unusable(path ?? "standard output") }
      rest = rest.dropFirst(written)
    }
  }

  /// Puts the file in its place.
  ///
  /// - Throws: as `add`.
  func complete() throws {
    guard let path else { return }
    guard fsync(descriptor) == 0, close(descriptor) == 0, rename(path + ".part", path) == 0 else { throw ManifestFile.unusable(path) }
  }

  private static func unusable(_ path: String) -> Fault {
    Fault(errno == ENOSPC ? .noSpace : .permissionDenied, "the manifest cannot be written to \(path): \(String(cString: strerror(errno)))")
  }
}
