package import Glibc
import Synchronization
import ToolRunner

/// What a process left behind.
package struct CommandResult: Sendable {
  /// The exit status; 128 and the signal's number for one that a signal ended, as a shell has it.
  package var status: Int32
  package var stdout: String
  package var stderr: String

  /// The JSON documents on standard output, one a line; a line that is none counts as null.
  package var records: [JSONValue] { stdout.split(separator: "\n").map { JSONValue($0) ?? .null } }
  /// The only record.
  package var record: JSONValue { records.count == 1 ? records[0] : .null }
  /// Everything it said, for a failed expectation.
  package var said: String { "exit status \(status)\n\(stdout)\n\(stderr)" }
}

/// A program that a test starts, with its output in files, so that nothing can block on a full pipe.
package final class HostCommand: Sendable {
  package let pid: pid_t
  private let folder: TemporaryFolder
  private let ended = Mutex<Int32?>(nil)

  /// Starts `arguments[0]`, an absolute path, in `directory` with exactly this environment.
  package init(_ arguments: [String], environment: [String: String], directory: String = "/", input: String? = nil) {
    let folder = TemporaryFolder("dmout")
    self.folder = folder
    let source = input.map { folder.file("in", $0) } ?? "/dev/null"
    var actions = posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    posix_spawn_file_actions_addopen(&actions, 0, source, O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, "\(folder.path)/out", O_WRONLY | O_CREAT, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, "\(folder.path)/err", O_WRONLY | O_CREAT, 0o600)
    var none = sigset_t()
    var all = sigset_t()
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    // env becomes the program, so the process id stays.
    let words = (["/usr/bin/env", "-C", directory] + arguments).map { strdup($0) } + [nil]
    let variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in words + variables { free(pointer) } }
    var child: pid_t = -1
    let code = posix_spawn(&child, "/usr/bin/env", &actions, &attributes, words, variables)
    if code != 0 { fatalError("\(arguments[0]) cannot be started: \(String(cString: strerror(code)))") }
    pid = child
  }

  /// Sends a signal; one that has ended is left alone.
  package func signal(_ number: Int32) {
    ended.withLock { if $0 == nil { kill(pid, number) } }
  }

  /// Waits for its end, on a thread of its own. Repeating it gives the same result.
  package func result() async -> CommandResult {
    let status = (try? await onThread("wait") { self.waited() }) ?? 255
    return CommandResult(status: status, stdout: TextFile.read("\(folder.path)/out"), stderr: TextFile.read("\(folder.path)/err"))
  }

  /// What it has said so far on standard error.
  package var stderrSoFar: String { TextFile.read("\(folder.path)/err") }

  private func waited() -> Int32 {
    var status: Int32 = 0
    // WNOWAIT leaves the process id taken until the lock is held, so that no signal can reach a stranger.
    var info = siginfo_t()
    while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) != 0, errno == EINTR {}
    return ended.withLock { ended in
      if let ended { return ended }
      while waitpid(pid, &status, 0) < 0, errno == EINTR {}
      let number = status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
      ended = number
      return number
    }
  }

  /// Runs a program to its end.
  package static func run(
    _ arguments: [String], environment: [String: String] = HostCommand.environment, directory: String = "/", input: String? = nil
  ) async -> CommandResult {
    await HostCommand(arguments, environment: environment, directory: directory, input: input).result()
  }

  /// A small environment that does not depend on who runs the tests.
  package static let environment: [String: String] = [
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8",
    // No test asks a machine's metadata service who it is.
    "AWS_EC2_METADATA_DISABLED": "true",
  ]
}

/// Whole files as text.
package enum TextFile {
  /// Empty for a file that is not there.
  package static func read(_ path: String) -> String { String(decoding: bytes(path), as: UTF8.self) }

  /// No bytes for a file that is not there.
  package static func bytes(_ path: String) -> [UInt8] {
    let fd = open(path, O_RDONLY | O_CLOEXEC)
    guard fd >= 0 else { return [] }
    defer { close(fd) }
    var result: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = Glibc.read(fd, &buffer, buffer.count)
      guard count > 0 else { return result }
      result += buffer.prefix(count)
    }
  }
}
