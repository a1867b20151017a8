import Foundation
import Glibc

/// The folder that a benchmark works in, with a Drillmark site of its own.
struct Workshop {
  let root: String
  /// The program under test, without links in its path.
  let program: String

  private static let folder = "drillmark-benchmark"

  /// Makes the folder inside a directory, which is made too when it is not there.
  ///
  /// - Throws: `Failure` when the program is not there, or another benchmark's folder is.
  init(in directory: String, program: String) throws {
    guard let resolved = realpath(program, nil) else { throw Failure("there is no program at \(program)") }
    self.program = String(cString: resolved)
    free(resolved)
    let url = URL(fileURLWithPath: directory).appendingPathComponent(Workshop.folder)
    guard !FileManager.default.fileExists(atPath: url.path) else {
      throw Failure("\(url.path) is there already: another benchmark runs, or one was killed; remove it then")
    }
    // The scratch server's user must be able to look in.
    for path in [url.path, "\(url.path)/drills", "\(url.path)/backups", "\(url.path)/bare"] {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
    }
    guard let real = realpath(url.path, nil) else { throw Failure("\(url.path) cannot be resolved") }
    root = String(cString: real)
    free(real)
    try write("ledger: state/ledger.sqlite\nscratch: {directory: scratch, keep-free: 1%}\nparallel: 1\n", to: "drillmark.yaml")
  }

  /// Removes the folder and all that is in it.
  func remove() throws { try FileManager.default.removeItem(atPath: root) }

  /// Where the backup of a drill lies; its name carries its time.
  func backup(_ drill: String, suffix: String) -> String { "\(root)/backups/\(drill)_20260101_000000\(suffix)" }

  /// Declares a drill and gives the command that runs it.
  ///
  /// - Parameters:
  ///   - place: Where its backups lie.
  ///   - more: Further lines of `backup`.
  func drill(
    _ name: String, suffix: String = "", engine: String, checks: [String], from place: String = "../backups", more: [String] = []
  ) throws -> [String] {
    let backup = ["from: \(place)", "match: \"\(name)_%Y%m%d_%H%M%S\(suffix)\""] + more
    let lines =
      ["drill: \(name)", "backup:"] + backup.map { "  \($0)" } + [
        "restore:",
        engine.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n"), "checks:",
      ]
    try write((lines + checks.map { "  - \($0)" }).joined(separator: "\n") + "\n", to: "drills/\(name).yaml")
    return [program, "run", name, "--json", "--config", "\(root)/drillmark.yaml"]
  }

  /// Writes a shell script of the bare tools and gives the command that runs it.
  func script(_ name: String, _ text: String) throws -> [String] {
    try write("set -e\n" + text + "\n", to: "bare/\(name).sh")
    return ["/bin/sh", "\(root)/bare/\(name).sh"]
  }

  func write(_ text: String, to path: String) throws {
    try text.write(toFile: "\(root)/\(path)", atomically: true, encoding: .utf8)
  }

  /// Runs a shell command that makes an input.
  func make(_ command: String) throws {
    _ = try ChildProcess(arguments: ["/bin/bash", "-c", "set -euo pipefail; " + command], output: "\(root)/make.out").run()
  }
}

/// Where the machine's programs are.
enum Programs {
  /// - Throws: `Unavailable` when a program is not on PATH.
  static func require(_ names: String...) throws {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
    for name in names where !folders.contains(where: { access("\($0)/\(name)", X_OK) == 0 }) {
      throw Unavailable(reason: "no \(name) on PATH")
    }
  }
}
