internal import CSystem
internal import DrillModel
internal import Glibc
internal import Synchronization
package import ToolRunner

/// Copies a server's template, giving everything to its user on the way: half of `cp -a` and `chown -R` together.
///
/// The template is ours and nobody writes in it; the copy lies where nobody else may look before it is whole.
package final class TemplateCopy: Sendable {
  private let owner: Box.User?
  private let isStopped = Atomic(false)

  /// - Parameter owner: Who everything is given to; nil keeps it.
  package init(owner: Box.User?) { self.owner = owner }

  /// Makes `target` with all that `source` holds. Cancelling ends it within a file.
  ///
  /// - Throws: `Fault` with code `no_space`, `scratch_unusable` or `interrupted`.
  package func copy(_ source: String, to target: String) async throws {
    try await withTaskCancellationHandler {
      try await onThread("template copy") { try self.directory(source, to: target) }
    } onCancel: {
      isStopped.store(true, ordering: .relaxed)
    }
  }

  private func directory(_ source: String, to target: String) throws {
    guard mkdir(target, 0o700) == 0 else { throw failure(target) }
    guard let listing = opendir(source) else { throw failure(source) }
    defer { closedir(listing) }
    while let entry = readdir(listing) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name == "." || name == ".." { continue }
      if isStopped.load(ordering: .relaxed) { throw Fault(.interrupted, "making the scratch server was stopped") }
      let (from, to) = ("\(source)/\(name)", "\(target)/\(name)")
      if isDirectory(from, Int32(entry.pointee.d_type)) { try directory(from, to: to) } else { try file(from, to: to) }
    }
    if let owner, chown(target, owner.uid, owner.gid) != 0 { throw failure(target) }
  }

  private func isDirectory(_ path: String, _ type: Int32) -> Bool {
    guard type == Int32(DT_UNKNOWN) else { return type == Int32(DT_DIR) }
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  private func file(_ source: String, to target: String) throws {
    let input = open(source, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
    guard input >= 0 else { throw failure(source) }
    defer { close(input) }
    let output = open(target, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard output >= 0 else { throw failure(target) }
    defer { close(output) }
    let result = csystem_copy_file(input, output)
    guard result == 0 else { throw failure(target, -result) }
    if let owner, fchown(output, owner.uid, owner.gid) != 0 { throw failure(target) }
  }

  private func failure(_ path: String, _ code: Int32 = errno) -> Fault {
    let isFull = code == ENOSPC || code == EDQUOT
    return Fault(
      isFull ? .noSpace : .scratchUnusable, "the scratch server's files cannot be made at \(path): \(systemMessage(code))",
      advice: "Check the scratch directory's owner and free space")
  }
}
