import DrillModel
import EngineKit
internal import Glibc
import Selecting
import ToolRunner

/// Opens what was listed, one folder after the other and never through a link, so that nothing put in its place since leads elsewhere.
struct ArtefactOpener: Sendable {
  /// The directory or file that the source names.
  var root: String

  func open(_ artefact: Artefact) throws -> OpenedArtefact {
    let isDirectory = Entry.status(root)?.isDirectory ?? false
    let resolved = isDirectory ? root : Entry.parent(of: Entry.resolve(root) ?? root)
    let parts = artefact.name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard !parts.isEmpty, parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." && !$0.utf8.contains(0) }) else {
      throw Fault(.backupUnreadable, "The name \(artefact.name) leads out of \(root)")
    }
    var folder = try step(nil, resolved, artefact, O_DIRECTORY)
    for part in parts.dropLast() { folder = try step(folder, part, artefact, O_DIRECTORY | O_NOFOLLOW) }
    let opened = try step(folder, parts[parts.count - 1], artefact, O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
    return try content(opened, artefact)
  }

  private func content(_ opened: Descriptor, _ artefact: Artefact) throws -> OpenedArtefact {
    var raw = stat()
    guard fstat(opened.raw, &raw) == 0 else { throw fault(artefact, errno) }
    let status = Entry.Status(raw)
    let isText = artefact.name.utf8.firstIndex(of: UInt8(ascii: "\\")) == nil || Entry.status(artefact.location) != nil
    // A name that is no text has no path that a program could be given; the open file itself has.
    let path = isText ? artefact.location : "/proc/\(getpid())/fd/\(opened.raw)"
    if status.isDirectory {
      guard isText else {
        throw Fault(.backupUnreadable, "The directory \(artefact.location) has a name that is no text", advice: "Rename it")
      }
      return .directory(path: path)
    }
    guard status.isRegular else {
      throw Fault(.backupUnreadable, "\(artefact.location) is no longer a file", advice: "Look at what replaced it")
    }
    _ = fcntl(opened.raw, F_SETFL, fcntl(opened.raw, F_GETFL) & ~O_NONBLOCK)
    return .file(opened, path: path, bytes: status.bytes)
  }

  private func step(_ folder: Descriptor?, _ name: String, _ artefact: Artefact, _ flags: Int32) throws -> Descriptor {
    let all = O_RDONLY | O_CLOEXEC | flags
    var raw = folder.map { openat($0.raw, name, all) } ?? Glibc.open(name, all)
    if raw < 0, errno == ENOENT, let folder, let bytes = rawName(name, in: folder) { raw = openat(folder.raw, cString(bytes), all) }
    guard raw >= 0 else { throw fault(artefact, errno) }
    return Descriptor(owning: raw)
  }

  /// The bytes of a name that is no text and was listed as `\xNN`.
  private func rawName(_ name: String, in folder: Descriptor) -> [UInt8]? {
    guard name.contains("\\x") else {
      errno = ENOENT
      return nil
    }
    let names = (try? DirectoryListing.rawNames(folder, name)) ?? []
    let found = names.first { Entry.text($0) == name }
    if found == nil { errno = ENOENT }
    return found
  }

  private func fault(_ artefact: Artefact, _ error: Int32) -> Fault {
    let reason = String(cString: strerror(error))
    switch error {
    case ENOENT, ENOTDIR:
      return Fault(
        .sourceUnreachable, "\(artefact.location) is gone since it was listed", advice: "Run the drill again", isTransient: true)
    case EACCES, EPERM:
      return Fault(
        .permissionDenied, "\(artefact.location) may not be read: \(reason)", advice: "Give the user that runs drills the right to read it")
    case ELOOP: return Fault(.backupUnreadable, "\(artefact.location) has become a symbolic link", advice: "Look at what replaced it")
    case EIO, ENXIO: return Fault(.backupUnreadable, "\(artefact.location) cannot be read: \(reason)", advice: "Look at the disk")
    default:
      return Fault(
        .sourceUnreachable, "\(artefact.location) cannot be opened: \(reason)", advice: "Look at the mount, then try again",
        isTransient: true)
    }
  }
}
