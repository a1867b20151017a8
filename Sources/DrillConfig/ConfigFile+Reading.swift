import Glibc

/// Why a file or directory of ours could not be read, for people.
struct UnreadableFile: Error, Sendable {
  var message: String
  var isMissing: Bool

  init(_ message: String, isMissing: Bool = false) {
    self.message = message
    self.isMissing = isMissing
  }

  /// From `errno`.
  init(code: Int32, of what: String) {
    switch code {
    case ENOENT: self.init("there is no such \(what)", isMissing: true)
    case EACCES, EPERM: self.init("no permission to read this \(what)")
    case ELOOP: self.init("symbolic links that lead in a circle")
    case ENOTDIR: self.init("a part of the path is not a directory", isMissing: true)
    case ENAMETOOLONG: self.init("the path is too long")
    default: self.init("this \(what) cannot be read (\(String(cString: strerror(code))))")
    }
  }
}

/// The bytes of a file of at most `YAMLDocument.byteLimit`; its size is known before anything is read, and a FIFO is never waited for.
func contents(ofFile path: String) throws(UnreadableFile) -> [UInt8] {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
  guard descriptor >= 0 else { throw UnreadableFile(code: errno, of: "file") }
  defer { close(descriptor) }
  var status = stat()
  guard fstat(descriptor, &status) == 0 else { throw UnreadableFile(code: errno, of: "file") }
  guard status.st_mode & S_IFMT == S_IFREG else { throw UnreadableFile("this is not a file but \(kind(status.st_mode))") }
  let limit = YAMLDocument.byteLimit + 3
  guard status.st_size <= limit else { throw UnreadableFile("the file is larger than 1 MiB, the limit for files of this kind") }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 65_536)
  while bytes.count <= limit {
    let count = read(descriptor, &buffer, buffer.count)
    if count < 0, errno == EINTR { continue }
    if count < 0 { throw UnreadableFile(code: errno, of: "file") }
    if count == 0 { return bytes }
    bytes += buffer[..<count]
  }
  throw UnreadableFile("the file is larger than 1 MiB, the limit for files of this kind")
}

/// The names of the drill files in a directory, sorted: `*.yaml` and `*.yml` that do not begin with a dot.
func drillFileNames(in directory: String) throws(UnreadableFile) -> [String] {
  guard let stream = opendir(directory) else { throw UnreadableFile(code: errno, of: "directory") }
  defer { closedir(stream) }
  var names: [String] = []
  while true {
    errno = 0
    guard let entry = readdir(stream) else { break }
    let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
      pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
    }
    if !name.hasPrefix("."), name.hasSuffix(".yaml") || name.hasSuffix(".yml") { names.append(name) }
  }
  if errno != 0 { throw UnreadableFile(code: errno, of: "directory") }
  return names.sorted()
}

/// Whether a path names a directory, symbolic links followed.
func isDirectory(_ path: String) -> Bool {
  var status = stat()
  return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}

/// Whether anybody on the machine may read the file of that path; false when it cannot be told.
func isReadableByAll(_ path: String) -> Bool {
  var status = stat()
  return stat(path, &status) == 0 && status.st_mode & S_IROTH != 0
}

private func kind(_ mode: mode_t) -> String {
  switch mode & S_IFMT {
  case S_IFDIR: "a directory"
  case S_IFIFO: "a FIFO"
  case S_IFSOCK: "a socket"
  default: "a device"
  }
}
