import CSystem
import DrillModel
import Foundation
import Glibc
package import ToolRunner

/// Directories in `/tmp` for tools that cannot be asked about their repository without one, outside of any run and so of no journal.
///
/// Each is locked as long as it is used: what a killed process left is told from what another one uses, and removed.
package enum CatalogueDirectory {
  private static let place = "/tmp"
  private static let prefix = "drillmark-catalogue-"

  /// Gives `body` an empty directory that belongs to `owner`, and removes it afterwards.
  ///
  /// - Throws: `Fault` with code `scratch_unusable`, and what `body` throws.
  package static func with<Value: Sendable>(owner: Box.User?, _ body: (_ path: String) async throws -> Value) async throws -> Value {
    let (path, lock) = try make()
    // The lock ends with the descriptor, and so with our process.
    defer {
      remove(path, lock)
      lock.close()
    }
    let work = "\(path)/work"
    try Accounts.makeDirectory(work, owner: owner, mode: 0o700)
    return try await body(work)
  }

  /// Removes those that nobody uses any more; blocks. Repeating it is a no-op.
  ///
  /// - Returns: How many there were.
  package static func sweep() -> Int {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: place)) ?? []
    return names.count { name in
      guard name.hasPrefix(prefix) else { return false }
      let path = "\(place)/\(name)"
      guard let lock = own(path), csystem_try_lock(lock.raw, 0) == 0 else { return false }
      defer { lock.close() }
      return remove(path, lock)
    }
  }

  private static func make() throws -> (path: String, lock: Descriptor) {
    for _ in 0..<10 {
      var template = Array("\(place)/\(prefix)XXXXXX".utf8CString)
      guard mkdtemp(&template) != nil else { break }
      let path = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      // Whoever sweeps may have taken it for a left-over before it was locked.
      guard let lock = own(path), csystem_try_lock(lock.raw, 0) == 0, own(path) != nil, chmod(path, 0o711) == 0 else { continue }
      return (path, lock)
    }
    throw Fault(.scratchUnusable, "no directory can be made in \(place): \(systemMessage(errno))", advice: "Check its mode and free space")
  }

  /// Opens a directory of ours. Anybody may make names in `/tmp`, and nobody but us one that is ours.
  private static func own(_ path: String) -> Descriptor? {
    let raw = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard raw >= 0 else { return nil }
    let file = Descriptor(owning: raw)
    var status = stat()
    return fstat(raw, &status) == 0 && status.st_uid == geteuid() ? file : nil
  }

  @discardableResult
  private static func remove(_ path: String, _ directory: Descriptor) -> Bool {
    csystem_remove_below(directory.raw, "") == 0 && rmdir(path) == 0
  }
}
