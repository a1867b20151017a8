import CSystem
package import DrillModel
import Foundation
import Glibc

/// A directory that one run made and may therefore remove: generated name, ownership marker inside.
package struct ScratchDirectory: Sendable {
  /// Every generated name begins so.
  package static let prefix = "drillmark-"
  /// The file inside that holds the run's id.
  package static let marker = ".drillmark-run"

  package let path: String
  package let run: RunID

  package init(path: String, run: RunID) {
    self.path = path
    self.run = run
  }

  /// The generated path for a run inside `parent`; `suffix` tells several directories of one run apart.
  package static func path(in parent: String, run: RunID, suffix: String = "") -> String {
    "\(parent)/\(prefix)\(run.text.lowercased())\(suffix)"
  }

  /// Makes the directory and its marker. Its resource must have been journalled before.
  ///
  /// Others may search it but not list it (mode 0711), so that a box's user reaches what an engine puts there.
  /// - Throws: `Fault` with code `scratch_unusable` when it exists already or cannot be made.
  package func create() throws {
    guard mkdir(path, 0o711) == 0 else { throw unusable("cannot make the scratch directory \(path)", errno) }
    // The mode given to mkdir passes through the umask.
    guard chmod(path, 0o711) == 0 else { throw unusable("cannot set the mode of \(path)", errno) }
    let code = mark()
    guard code == 0 else { throw unusable("cannot write the ownership marker in \(path)", code) }
  }

  /// Removes the directory with all below it after proving that this run made it. One that is gone is a success.
  ///
  /// - Throws: `Fault` when the marker names another run, or something in it cannot be removed.
  package func destroy() throws {
    var status = stat()
    guard lstat(path, &status) == 0 else {
      if errno == ENOENT || errno == ENOTDIR { return }
      throw unusable("cannot look at \(path)", errno)
    }
    guard status.st_mode & S_IFMT == S_IFDIR, isGenerated else {
      throw Fault(.scratchUnusable, "\(path) is not a scratch directory of ours and is left alone")
    }
    if isUnfinished { unlink("\(path)/\(Self.marker)") }
    // A crash between making the directory and its marker leaves it empty; rmdir removes nothing else.
    if rmdir(path) == 0 { return }
    guard owner == run.text else {
      throw Fault(
        .scratchUnusable, "\(path) does not carry the marker of run \(run) and is left alone",
        advice: "Look at it, and remove it by hand if it is not needed")
    }
    if removeMarkerLast() == 0 { return }
    openUp()
    let code = removeMarkerLast()
    guard code == 0 else { throw unusable("cannot remove \(path) completely", code) }
  }

  /// Bytes that the directory's files occupy on disk.
  package func occupiedBytes() -> Int64 {
    var total: Int64 = 0
    for name in FileManager.default.enumerator(atPath: path) ?? .init() {
      var status = stat()
      if let name = name as? String, lstat("\(path)/\(name)", &status) == 0 { total += Int64(status.st_blocks) * 512 }
    }
    return total
  }

  private var isGenerated: Bool {
    let name = path.split(separator: "/").last ?? ""
    return name.hasPrefix(Self.prefix) && name.contains(run.text.lowercased())
  }

  /// Whether the run's marker lies in it.
  package var isMarked: Bool { owner == run.text }

  private var owner: String? { written?.trimmingCharacters(in: .whitespacesAndNewlines) }

  private var written: String? {
    FileManager.default.contents(atPath: "\(path)/\(Self.marker)").map { String(decoding: $0, as: UTF8.self) }
  }

  /// Whether a crash came while the marker was being written: its beginning lies there and nothing else does.
  private var isUnfinished: Bool {
    guard let written, written != run.text, run.text.hasPrefix(written) else { return false }
    return (try? FileManager.default.contentsOfDirectory(atPath: path)) == [Self.marker]
  }

  /// Writes the marker so that it outlives a power cut: whatever is found in the directory later was put there after it.
  ///
  /// Gives 0 or an errno.
  private func mark() -> Int32 {
    let marker = open("\(path)/\(Self.marker)", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard marker >= 0 else { return errno }
    defer { close(marker) }
    let text = Array((run.text + "\n").utf8)
    let count = write(marker, text, text.count)
    guard count == text.count else { return count < 0 ? errno : ENOSPC }
    return fsync(marker) == 0 ? 0 : errno
  }

  /// A removal that is cut short must leave the marker, or nobody could prove afterwards whose directory it is.
  ///
  /// Gives 0 or an errno.
  private func removeMarkerLast() -> Int32 {
    let directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard directory >= 0 else { return errno }
    defer { close(directory) }
    let result = csystem_remove_below(directory, Self.marker)
    if result == -EMFILE || result == -ENFILE {
      for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] where name != Self.marker {
        try? FileManager.default.removeItem(atPath: "\(path)/\(name)")
      }
    } else if result != 0 {
      return -result
    }
    guard unlinkat(directory, Self.marker, 0) == 0 || errno == ENOENT else { return errno }
    if rmdir(path) == 0 { return 0 }
    let code = errno
    // Something came into it meanwhile: the next attempt must find whose it is.
    _ = mark()
    return code
  }

  /// Restored directories may forbid their owner to change them; that must not make a leak.
  private func openUp() {
    chmod(path, 0o711)
    for case let name as String in FileManager.default.enumerator(atPath: path) ?? .init() {
      var status = stat()
      let full = "\(path)/\(name)"
      if lstat(full, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { chmod(full, 0o700) }
    }
  }

  private func unusable(_ what: String, _ code: Int32) -> Fault {
    let fault: FaultCode = code == ENOSPC || code == EDQUOT ? .noSpace : .scratchUnusable
    return Fault(
      fault, "\(what): \(String(cString: strerror(code)))", advice: "Check scratch.directory in the site file, its owner and its free space"
    )
  }
}
