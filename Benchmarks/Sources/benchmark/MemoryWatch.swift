import Foundation
import Glibc

/// The most memory that a process and its namesakes below it have used, from repeated looks at /proc (proc_pid_status(5), VmHWM).
struct MemoryWatch {
  /// The executable whose processes count.
  let executable: String
  /// Bytes, of the process itself.
  private(set) var leader = 0
  /// Bytes, of the largest other process of the same executable: the supervisors.
  private(set) var helper = 0

  init(executable: String) { self.executable = executable }

  mutating func look(_ pid: pid_t) {
    leader = max(leader, MemoryWatch.highWater(pid))
    for other in ProcessTable.all() where other != pid && ProcessTable.executable(of: other) == executable {
      helper = max(helper, MemoryWatch.highWater(other))
    }
  }

  private static func highWater(_ pid: pid_t) -> Int {
    guard let status = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8) else { return 0 }
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    let kilobytes = line?.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) }
    return (kilobytes ?? 0) * 1024
  }
}

/// The processes of this machine.
enum ProcessTable {
  static func all() -> [pid_t] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { pid_t($0) }
  }

  static func executable(of pid: pid_t) -> String? {
    try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/exe")
  }

  static func arguments(of pid: pid_t) -> [String] {
    guard let bytes = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") else { return [] }
    return bytes.split(separator: 0, omittingEmptySubsequences: false).dropLast().map { String(decoding: $0, as: UTF8.self) }
  }
}
