internal import Glibc
import Selecting
import ToolRunner

/// Reads the checksum files of a directory.
enum ChecksumFile {
  /// The checksum for `name`, from the first of its checksum files among `names`.
  static func beside(_ name: String, in folder: Descriptor, names: Set<String>) -> ChecksumText {
    guard let file = ChecksumText.suffixes.lazy.map({ name + $0 }).first(where: names.contains) else { return .none }
    let raw = openat(folder.raw, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
    guard raw >= 0 else { return .unusable("its checksum file \(file) cannot be read: \(String(cString: strerror(errno)))") }
    defer { close(raw) }
    var status = stat()
    guard fstat(raw, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return .unusable("its checksum file \(file) is not a file") }
    var bytes = [UInt8](repeating: 0, count: ChecksumText.byteLimit + 1)
    var count = 0
    while count < bytes.count {
      let got = bytes[count...].withUnsafeMutableBytes { read(raw, $0.baseAddress, $0.count) }
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else { return .unusable("its checksum file \(file) cannot be read: \(String(cString: strerror(errno)))") }
      if got == 0 { break }
      count += got
    }
    return ChecksumText.parse(Array(bytes[..<count]), for: name, file: file)
  }
}
