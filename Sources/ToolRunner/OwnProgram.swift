internal import CSystem
internal import Glibc

/// This very program, to be started once more: inside a box, for work on content that nobody trusts.
package struct OwnProgram: Sendable, Hashable {
  /// What is executed. By default the file that this process runs from, also when another one has taken its name since.
  package let path: String

  package init(path: String = "/proc/self/exe") { self.path = path }

  /// A box in which it can start, with nothing yet of what its work needs.
  package func box(user: Box.User?) -> Box { Box(user: user, executable: [path], readable: OwnProgram.libraries) }

  /// What keeps a user without any rights of its own from starting it, such as a toolchain in somebody's home; nil when nothing does.
  package var obstacle: String? {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & 0o005 == 0o005 else { return "\(path) cannot be executed by others" }
    for library in OwnProgram.libraries {
      if let closed = BoxUsers.closedDirectory(above: "\(library)/file") { return "\(closed) is closed to others" }
    }
    return nil
  }

  /// The environment that it needs to start, and to know the host's local time.
  package static var environment: [String: String] {
    // A crash is a crash: nothing of Swift's shall look into it from inside the box.
    var result = ["LC_ALL": "C", "PATH": "/nonexistent", "SWIFT_BACKTRACE": "enable=no"]
    for name in ["LD_LIBRARY_PATH", "TZ"] { if let value = getenv(name) { result[name] = String(cString: value) } }
    return result
  }

  /// The arguments of this process, without the program's own name; they are to be had in a box as well.
  package static let arguments: [String] = {
    var count: Int32 = 0
    let values = csystem_arguments(&count)
    return (0..<Int(count)).dropFirst().compactMap { index in values?[index].map { String(cString: $0) } }
  }()

  /// Directories of the shared libraries that this process uses, without those of the system, which every box may read (proc(5), maps).
  static let libraries: [String] = {
    let maps = String(decoding: contents(of: "/proc/self/maps") ?? [], as: UTF8.self)
    var found: Set<String> = []
    for line in maps.split(separator: "\n") where line.contains(".so") {
      let fields = line.split(separator: " ", maxSplits: 5)
      guard fields.count == 6, let start = fields[5].firstIndex(of: "/"), let end = fields[5].lastIndex(of: "/") else { continue }
      let directory = String(fields[5][start..<end])
      let isSystem = ["/usr/lib", "/usr/lib64", "/lib", "/lib64"].contains { directory == $0 || directory.hasPrefix($0 + "/") }
      if !isSystem { found.insert(directory) }
    }
    return found.sorted()
  }()
}
