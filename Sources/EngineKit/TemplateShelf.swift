internal import CSystem
package import DrillModel
internal import Foundation
internal import Glibc
internal import ToolRunner

/// The directory of server templates, which runs of many processes use at once.
///
/// Whoever uses a template holds the shelf's lock together with all others; whoever removes some holds it alone, or lets it be.
package struct TemplateShelf: Sendable {
  /// How long a template is kept that no run uses: after an upgrade of a server nobody comes back for the old one.
  package static let kept: Duration = .seconds(30 * 86_400)

  /// The cache that templates lie in.
  let directory: String
  /// How the names of templates begin that may be removed: `postgresql-`.
  private let family: String

  package init(directory: String, family: String) {
    self.directory = directory
    self.family = family
  }

  /// Proves that a template is in use; lets go of it when it goes.
  package final class Use: Sendable {
    private let lock: Descriptor?
    init(_ lock: Descriptor?) { self.lock = lock }
  }

  /// Keeps every template where it is as long as the result lives.
  ///
  /// - Throws: `CancellationError`.
  package func use() async throws -> Use {
    guard let lock = lockFile() else { return Use(nil) }
    // Somebody removes a template of some dozen megabytes: a matter of moments. One that hangs must not hold up every drill.
    for _ in 0..<1200 {
      if csystem_try_lock(lock.raw, 1) == 0 { return Use(lock) }
      try await Task.sleep(for: .milliseconds(25))
    }
    return Use(nil)
  }

  /// Notes that a template is used now.
  package func mark(_ path: String, at now: Timestamp) {
    let seconds = time_t(now.milliseconds / 1000)
    var times = [timespec(tv_sec: seconds, tv_nsec: 0), timespec(tv_sec: seconds, tv_nsec: 0)]
    utimensat(AT_FDCWD, path, &times, 0)
  }

  /// Removes templates, and half-made ones, that were not used for long; while anybody uses one nothing is done. Blocks.
  package func removeUnused(now: Timestamp) {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).filter { $0.hasPrefix(family) }
    let old = names.map { "\(directory)/\($0)" }.filter { isOld($0, now) }
    guard !old.isEmpty, let lock = lockFile(), csystem_try_lock(lock.raw, 0) == 0 else { return }
    // Looked at once more, now that nobody can begin to use it.
    for path in old where isOld(path, now) { try? FileManager.default.removeItem(atPath: path) }
  }

  private func isOld(_ path: String, _ now: Timestamp) -> Bool {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return false }
    return now - Timestamp(milliseconds: csystem_modified_seconds(&status) * 1000) > TemplateShelf.kept
  }

  private func lockFile() -> Descriptor? {
    let raw = open("\(directory)/templates.lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
    return raw < 0 ? nil : Descriptor(owning: raw)
  }
}
