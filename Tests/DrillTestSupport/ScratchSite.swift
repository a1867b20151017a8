import Foundation
import Glibc

/// A site of a test's own: `drillmark.yaml` with ledger, scratch and reports inside it, `drills/` and `backups/`. It goes with the value.
package final class ScratchSite: Sendable {
  private let folder: TemporaryFolder
  package var path: String { folder.path }
  package var siteFile: String { "\(path)/drillmark.yaml" }
  package var scratch: String { "\(path)/scratch" }
  package var ledger: String { "\(path)/state/ledger.sqlite" }

  /// - Parameter more: further lines of the site file.
  package init(_ more: String = "") {
    folder = TemporaryFolder("dm")
    for name in ["drills", "backups"] { mkdir("\(folder.path)/\(name)", 0o755) }
    siteText("ledger: state/ledger.sqlite\nreports: reports\nscratch: {directory: scratch, keep-free: 1MiB}\n" + more)
  }

  deinit { try? Clearing.removeTree(folder.path) }

  /// Replaces the site file.
  package func siteText(_ text: String) { _ = folder.file("drillmark.yaml", text) }

  /// Writes `drills/NAME.yaml`; the drill has the same name.
  package func drill(_ name: String, _ yaml: String) { _ = folder.file("drills/\(name).yaml", "drill: \(name)\n\(yaml)") }

  /// Writes a drill file word for word.
  package func drillFile(_ name: String, _ yaml: String) { _ = folder.file("drills/\(name)", yaml) }

  /// Writes any other file of the site and gives its path.
  @discardableResult
  package func file(_ name: String, _ text: String, mode: UInt32 = 0o644) -> String { folder.file(name, text, mode: mode) }

  /// Writes `backups/NAME`, whose modification time lies `age` back (two hours unless said, older than `settle`).
  @discardableResult
  package func backup(_ name: String, _ bytes: some Sequence<UInt8>, age: Duration = .seconds(7200)) -> String {
    let path = folder.file("backups/\(name)", bytes)
    setAge(path, age)
    return path
  }

  @discardableResult
  package func backup(_ name: String, _ text: String, age: Duration = .seconds(7200)) -> String {
    backup(name, Array(text.utf8), age: age)
  }

  /// Sets a file's modification time.
  package func setAge(_ path: String, _ age: Duration) {
    let seconds = time(nil) - time_t(age.components.seconds)
    var times = [timespec(tv_sec: seconds, tv_nsec: 0), timespec(tv_sec: seconds, tv_nsec: 0)]
    utimensat(AT_FDCWD, path, &times, AT_SYMLINK_NOFOLLOW)
  }

  /// Runs `drillmark ARGUMENTS --config …` to its end.
  package func run(_ arguments: String..., environment: [String: String] = [:]) async -> CommandResult {
    await start(arguments, environment: environment).result()
  }

  /// Runs one drill with `--json`.
  package func runJSON(_ drill: String, environment: [String: String] = [:]) async -> CommandResult {
    await run("run", drill, "--json", environment: environment)
  }

  /// Starts `drillmark ARGUMENTS --config …`.
  ///
  /// - Parameter prefix: a program that starts it, such as setpriv with its arguments.
  package func start(_ arguments: [String], environment: [String: String] = [:], prefix: [String] = []) -> HostCommand {
    let whole = prefix + [ProgramUnderTest.path] + arguments + ["--config", siteFile]
    return HostCommand(whole, environment: HostCommand.environment.merging(environment) { $1 }, directory: path)
  }

  /// What lies in the scratch directory; nothing must when nothing runs.
  package var scratchEntries: [String] { (try? FileManager.default.contentsOfDirectory(atPath: scratch)) ?? [] }

  /// The file names of tool logs.
  package var logs: [String] { (try? FileManager.default.contentsOfDirectory(atPath: "\(path)/state/logs")) ?? [] }

  /// Every byte of ledger, logs and reports, for searching.
  package var durableText: String {
    let walk = FileManager.default.enumerator(atPath: "\(path)/state")
    let names = (walk?.allObjects as? [String]) ?? []
    return names.map { String(decoding: TextFile.bytes("\(path)/state/\($0)"), as: UTF8.self) }.joined(separator: "\n")
  }
}

/// Names with times in them.
package enum BackupStamp {
  /// `20261121_030000`: the time in UTC this long ago.
  package static func ago(_ age: Duration) -> String {
    var seconds = time(nil) - time_t(age.components.seconds)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    let date = [parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday].map(two).joined()
    return date + "_" + [parts.tm_hour, parts.tm_min, parts.tm_sec].map(two).joined()
  }

  /// `2026-11-21T03:00:00Z`: the same as RFC 3339.
  package static func rfc3339(_ age: Duration) -> String {
    let text = Array(ago(age))
    func part(_ range: Range<Int>) -> String { String(text[range]) }
    return "\(part(0..<4))-\(part(4..<6))-\(part(6..<8))T\(part(9..<11)):\(part(11..<13)):\(part(13..<15))Z"
  }

  private static func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

enum Clearing {
  /// Removes a tree whose directories may forbid it.
  static func removeTree(_ path: String) throws {
    guard (try? FileManager.default.removeItem(atPath: path)) == nil, FileManager.default.fileExists(atPath: path) else { return }
    for case let name as String in FileManager.default.enumerator(atPath: path) ?? .init() {
      var status = stat()
      if lstat("\(path)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFDIR { chmod("\(path)/\(name)", 0o700) }
    }
    try FileManager.default.removeItem(atPath: path)
  }
}

/// Processes of the machine, from /proc.
package enum HostProcesses {
  /// The ids of living processes whose environment has `DRILLMARK_RUN=<run>`.
  package static func ofRun(_ run: String) -> [Int32] { matching("environ", "DRILLMARK_RUN=\(run)") }

  /// The ids of living processes whose arguments hold `text`, this one left out.
  package static func withArgument(_ text: String) -> [Int32] { matching("cmdline", text) }

  /// The id of the run that progress lines tell of; nil when none was claimed.
  package static func run(in progress: String) -> String? {
    progress.split(separator: "\n").first { $0.contains(": run 01") }?.split(separator: " ").last.map(String.init)
  }

  private static func matching(_ file: String, _ text: String) -> [Int32] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { Int32($0) }.filter { pid in
      pid != getpid() && !isZombie(pid) && TextFile.read("/proc/\(pid)/\(file)").contains(text)
    }
  }

  private static func isZombie(_ pid: Int32) -> Bool {
    TextFile.read("/proc/\(pid)/stat").split(separator: ")").last?.hasPrefix(" Z") ?? true
  }
}
