internal import CSystem
internal import DrillModel
internal import Glibc

/// A process told apart from any other that has or will have its number.
package struct StartedProcess: Sendable, Hashable, Codable {
  package var pid: Int32
  /// Clock ticks after boot: field 22 of /proc/PID/stat (proc(5)).
  package var startTime: UInt64
  /// /proc/sys/kernel/random/boot_id when it started.
  package var bootID: String
  /// Its process group.
  package var group: Int32

  package init(pid: Int32, startTime: UInt64, bootID: String, group: Int32) {
    self.pid = pid
    self.startTime = startTime
    self.bootID = bootID
    self.group = group
  }
}

/// This boot's id, empty where the kernel tells none.
package func currentBootID() -> String {
  let bytes = contents(of: "/proc/sys/kernel/random/boot_id") ?? []
  return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
}

/// Whether that very process is still there, be it running or not yet reaped.
package func isSameProcess(_ process: StartedProcess) -> Bool {
  process.bootID == currentBootID() && csystem_process_start_time(process.pid) == process.startTime
}

/// Ends every process that carries `DRILLMARK_RUN=<run>` in its environment or works in the run's own directory, and supervisors of the run:
/// first politely, after `grace` for good.
///
/// For what a crash left behind; a run that ends orderly leaves nothing. Nothing found is a success, and so is repeating it.
///
/// - Throws: `Fault` with code `tool_failed` naming processes that cannot be ended (they wait for a disk that does not answer).
package func sweep(run: String, grace: Duration = .seconds(2)) async throws {
  try await onThread("sweep") { try sweepNow(run: run, grace: grace) { _ in true } }
}

/// The same for those of one process group only, for the caller's own thread.
func sweepNow(group: Int32, run: String) {
  try? sweepNow(run: run, grace: .zero) { getpgid($0) == group }
}

private func sweepNow(run: String, grace: Duration, _ isMeant: (Int32) -> Bool) throws {
  let clock = ContinuousClock()
  let start = clock.now
  let deadline = grace + .seconds(10)
  while true {
    let left = processNumbers().filter { $0 != getpid() && isMeant($0) }.compactMap { ListedProcess($0, run: run) }
    if left.isEmpty { return }
    let elapsed = clock.now - start
    guard elapsed < deadline else {
      let pids = left.map { String($0.pid) }.joined(separator: ", ")
      throw Fault(
        .toolFailed, "processes \(pids) of an earlier run cannot be ended", advice: "See what they wait for: ps -o pid,stat,wchan")
    }
    for process in left { process.signal(elapsed < grace ? SIGTERM : SIGKILL) }
    usleep(50_000)
  }
}

/// A process as /proc lists it.
private struct ListedProcess {
  let pid: Int32
  let startTime: UInt64

  /// Nil when the process is not of the run: by its environment, by where it works, or as a supervisor by its name (forked from us, it
  /// shows our environment and not the run's).
  init?(_ pid: Int32, run: String) {
    guard let stat = contents(of: "/proc/\(pid)/stat"), let name = stat.firstIndex(of: UInt8(ascii: "(")) else { return nil }
    if !stat[name...].starts(with: "(dm:\(run.suffix(12)))".utf8) {
      let wanted = Array("DRILLMARK_RUN=\(run)".utf8)
      let environment = contents(of: "/proc/\(pid)/environ") ?? []
      let isMarked = environment.split(separator: 0).contains { $0.elementsEqual(wanted) }
      guard isMarked || ListedProcess.works(pid, in: run, stat) else { return nil }
    }
    self.pid = pid
    startTime = csystem_process_start_time(pid)
    if startTime == 0 { return nil }
  }

  /// A server process writes its title over its environment, but stays in its data directory. Nobody's shell is meant who took a look there.
  private static func works(_ pid: Int32, in run: String, _ status: [UInt8]) -> Bool {
    var place = [CChar](repeating: 0, count: 4096)
    let length = readlink("/proc/\(pid)/cwd", &place, place.count)
    guard length > 0 else { return false }
    let parts = String(decoding: place.prefix(length).map(UInt8.init(bitPattern:)), as: UTF8.self).split(separator: "/")
    guard parts.contains(where: { $0.hasSuffix("-\(run.lowercased())") }), !hasTerminal(status) else { return false }
    var owner = stat()
    return geteuid() != 0 || (stat("/proc/\(pid)", &owner) == 0 && BoxUsers.range.contains(owner.st_uid))
  }

  /// Field 7 of /proc/PID/stat (proc(5)); the name before it may hold anything but ends at the last parenthesis.
  private static func hasTerminal(_ status: [UInt8]) -> Bool {
    let text = String(decoding: status, as: UTF8.self)
    let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
    return fields.count > 5 && fields[5] != "0"
  }

  /// Signals this process and none that took over its number.
  func signal(_ number: Int32) {
    let handle = csystem_pidfd_open(pid)
    guard handle >= 0 else { return }
    defer { close(handle) }
    guard csystem_process_start_time(pid) == startTime else { return }
    _ = csystem_pidfd_signal(handle, number)
    _ = csystem_pidfd_signal(handle, SIGCONT)
  }
}

/// The numbers of all processes that /proc shows.
func processNumbers() -> [Int32] {
  guard let directory = opendir("/proc") else { return [] }
  defer { closedir(directory) }
  var found: [Int32] = []
  while let entry = readdir(directory) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
      pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if let pid = Int32(name) { found.append(pid) }
  }
  return found
}
