import Foundation
import Glibc

/// What figures depend on, without a word on whose machine it is.
enum Machine {
  static func describe(_ workshop: Workshop) -> [String] {
    let memory = Double(ProcessInfo.processInfo.physicalMemory) / Double(1 << 30)
    let model = field("model name", of: "/proc/cpuinfo") ?? "unknown processor"
    return [
      "\(Date().formatted(.iso8601.year().month().day()))",
      "\(sysconf(Int32(_SC_NPROCESSORS_ONLN))) processors (\(model)), \(Int(memory.rounded())) GB of memory, kernel \(kernel)",
      "load average before the first case \(load)",
      version([workshop.program, "--version"], workshop).map { "drillmark \($0)" },
      (try? PostgreSQLMachine()).flatMap { version([$0.program("psql"), "--version"], workshop) },
      version(["sqlite3", "--version"], workshop).map { "SQLite \($0.prefix { $0 != " " })" },
      version(["openssl", "version"], workshop).map { String($0.prefix { $0 != "(" }) },
      version(["sha256sum", "--version"], workshop), version(["tar", "--version"], workshop),
    ].compactMap { $0 }
  }

  /// What others kept the machine busy with: near the number of processors or above it, times are of little worth.
  private static var load: String {
    let text = (try? String(contentsOfFile: "/proc/loadavg", encoding: .utf8)) ?? ""
    return text.split(separator: " ").first.map(String.init) ?? "unknown"
  }

  private static var kernel: String {
    let text = (try? String(contentsOfFile: "/proc/sys/kernel/osrelease", encoding: .utf8)) ?? ""
    return text.split { !$0.isNumber && $0 != "." }.first.map(String.init) ?? "unknown"
  }

  private static func field(_ name: String, of path: String) -> String? {
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
    return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
  }

  private static func version(_ command: [String], _ workshop: Workshop) -> String? {
    let process = ChildProcess(arguments: command, output: "\(workshop.root)/version.out")
    guard (try? process.run()) != nil else { return nil }
    return try? process.answer().split(separator: "\n").first.map(String.init)
  }
}
