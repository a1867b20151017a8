import CSystem
import DrillModel
internal import Glibc
import Selecting

/// What the file system says of one name, and names that are no text.
enum Entry {
  struct Status {
    var mode: mode_t
    var bytes: Int64
    var modified: Timestamp

    var isDirectory: Bool { mode & S_IFMT == S_IFDIR }
    var isRegular: Bool { mode & S_IFMT == S_IFREG }
    var isLink: Bool { mode & S_IFMT == S_IFLNK }

    var kind: Artefact.Kind {
      switch mode & S_IFMT {
      case S_IFREG: .file
      case S_IFDIR: .directory
      case S_IFLNK: .other("symbolic link")
      case S_IFIFO: .other("FIFO")
      case S_IFSOCK: .other("socket")
      case S_IFCHR, S_IFBLK: .other("device")
      default: .other("neither file nor directory")
      }
    }

    init(_ raw: stat) {
      mode = raw.st_mode
      bytes = Int64(raw.st_size)
      var raw = raw
      // A broken file system may give any number: bounded to the years that text can show.
      let seconds = min(max(csystem_modified_seconds(&raw), -62_167_219_200), 253_402_300_799)
      modified = Timestamp(milliseconds: seconds * 1000 + csystem_modified_nanoseconds(&raw) / 1_000_000)
    }
  }

  /// Follows links; nil when there is nothing.
  static func status(_ path: String) -> Status? {
    var raw = stat()
    return stat(path, &raw) == 0 ? Status(raw) : nil
  }

  /// The path without links, or nil when there is nothing.
  static func resolve(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
    return String(path[..<slash])
  }

  static func lastComponent(of path: String) -> String { String(path.split(separator: "/").last ?? "") }

  /// A name as text: bytes that are no UTF-8 are written `\xNN`.
  static func text(_ name: [UInt8]) -> String {
    if let text = String(validating: name, as: UTF8.self) { return text }
    var text = ""
    var decoder = UTF8()
    var bytes = name.makeIterator()
    var place = 0
    while true {
      switch decoder.decode(&bytes) {
      case .scalarValue(let scalar):
        text.unicodeScalars.append(scalar)
        place += String(scalar).utf8.count
      case .emptyInput: return text
      case .error:
        text += "\\x" + hexadecimal(name[place])
        place += 1
        decoder = UTF8()
        bytes = Array(name[place...]).makeIterator()
      }
    }
  }

  private static func hexadecimal(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }
}

extension Fault {
  /// What a system call's error means for a place where backups lie.
  static func unreachable(_ what: String, _ path: String, _ error: Int32) -> Fault {
    let reason = String(cString: strerror(error))
    switch error {
    case EACCES, EPERM:
      return Fault(
        .permissionDenied, "\(what) \(path) may not be read: \(reason)", advice: "Give the user that runs drills the right to read it")
    case ENOENT:
      return Fault(
        .sourceUnreachable, "\(what) \(path) does not exist", advice: "Look at `from`, and whether its file system is mounted")
    case ENOTDIR: return Fault(.sourceUnreachable, "\(what) \(path) is not a directory", advice: "Look at `from`")
    default:
      return Fault(
        .sourceUnreachable, "\(what) \(path) cannot be read: \(reason)", advice: "Look at the disk or the mount, then try again",
        isTransient: true)
    }
  }
}
