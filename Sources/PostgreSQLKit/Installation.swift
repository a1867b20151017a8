internal import CSystem
internal import DrillModel
internal import Foundation
internal import Glibc
internal import Synchronization
package import ToolRunner

/// The programs of one PostgreSQL version on this machine.
package struct Installation: Sendable, Hashable {
  package var major: Int
  /// As `postgres --version` says it: `15.20`.
  package var version: String
  /// The directory of the real programs, never the distribution's wrappers.
  package var programs: String

  package init(major: Int, version: String, programs: String) {
    self.major = major
    self.version = version
    self.programs = programs
  }

  package func program(_ name: String) -> String { "\(programs)/\(name)" }

  /// Whether a program is there; `pg_amcheck` and others come in packages of their own in places.
  package func has(_ name: String) -> Bool { FileManager.default.isExecutableFile(atPath: program(name)) }

  /// What a boxed program of this version must be able to read.
  package var readable: [String] {
    let root = (programs as NSString).deletingLastPathComponent
    let candidates = [
      root, "/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/share", "/usr/local/lib", "/etc/ld.so.cache", "/etc/localtime",
      "/etc/ssl/openssl.cnf", "/dev/urandom", "/dev/null",
    ]
    return candidates.filter { FileManager.default.fileExists(atPath: $0) }
  }

  /// Whether `psql` knows `\restrict`, which keeps a dump from running commands (the minor releases of August 2025).
  package var knowsRestrict: Bool {
    guard let minor = version.split(separator: ".").dropFirst().first.flatMap({ Int($0.prefix { $0.isNumber }) }) else {
      return major >= 18
    }
    guard let first = [13: 22, 14: 19, 15: 14, 16: 10, 17: 6][major] else { return major >= 18 }
    return minor >= first
  }

  /// The newest installation with a major version of at least `minimum`, or exactly `exactly`.
  ///
  /// - Parameter needs: Whether a server is to be started or only client programs are.
  /// - Throws: `Fault` with code `tool_missing` when none has the programs, `tool_too_old` when all are older.
  package static func find(
    exactly: Int?, atLeast minimum: Int, needs: Programs = .server, tools: any ToolRunning
  ) async throws -> Installation {
    var found: [Installation] = []
    for programs in directories(tools) {
      guard let installation = try await installation(in: programs, needs, tools) else { continue }
      found.append(installation)
    }
    found.sort { $0.major > $1.major }
    let package = needs == .server ? "postgresql" : "postgresql-client"
    let wanted = exactly.map { "\(package)-\($0)" } ?? (minimum > 0 ? "\(package)-\(minimum)" : package)
    guard let newest = found.first else {
      throw Fault(
        .toolMissing, "no PostgreSQL \(needs.rawValue) programs are on this machine (\(needs.names.joined(separator: ", ")))",
        advice: "Install them: apt-get install \(wanted); a cluster of its own is not needed")
    }
    if let exactly {
      if let match = found.first(where: { $0.major == exactly }) { return match }
      let all = found.map(\.version).joined(separator: ", ")
      throw Fault(
        .toolMissing, "PostgreSQL \(exactly) is not on this machine, only \(all)", advice: "Install it: apt-get install \(wanted)")
    }
    guard newest.major >= minimum else {
      throw Fault(
        .toolTooOld, "the backup needs PostgreSQL \(minimum) or newer, and the newest on this machine is \(newest.version)",
        advice: "Install it: apt-get install \(wanted) (apt.postgresql.org has every version)")
    }
    return newest
  }

  private static func directories(_ tools: any ToolRunning) -> [String] {
    var candidates: [String] = []
    for (parent, suffix) in [("/usr/lib/postgresql", "/bin"), ("/usr/local/lib/postgresql", "/bin"), ("/opt/postgresql", "/bin")] {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
      candidates += names.sorted().map { "\(parent)/\($0)\(suffix)" }
    }
    let versioned = (try? FileManager.default.contentsOfDirectory(atPath: "/usr")) ?? []
    candidates += versioned.filter { $0.hasPrefix("pgsql-") }.sorted().map { "/usr/\($0)/bin" }
    candidates.append("/usr/local/pgsql/bin")
    for program in ["postgres", "pg_restore"] {
      guard let found = try? tools.locate(program, package: nil) else { continue }
      let real = URL(fileURLWithPath: found).resolvingSymlinksInPath().path
      candidates.append((real as NSString).deletingLastPathComponent)
    }
    var seen: Set<String> = []
    return candidates.filter { seen.insert($0).inserted }
  }

  /// What of PostgreSQL a drill starts.
  package enum Programs: String, Sendable {
    case server, client

    var names: [String] { self == .server ? ["initdb", "postgres", "psql", "pg_restore"] : ["psql", "pg_restore"] }
  }

  private static func installation(in programs: String, _ needs: Programs, _ tools: any ToolRunning) async throws -> Installation? {
    guard needs.names.allSatisfy({ FileManager.default.isExecutableFile(atPath: "\(programs)/\($0)") }) else { return nil }
    let speaker = needs == .server ? "postgres" : "psql"
    let file = FileIdentity("\(programs)/\(speaker)")
    if let file, let known = known.withLock({ $0[file] }) { return known }
    let exit = try await tools.run(ToolCommand("\(programs)/\(speaker)", ["--version"]), deadline: .seconds(30))
    guard exit.isSuccess else { return nil }
    // postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)
    let words = exit.outputText.split(separator: " ")
    guard words.count > 2, let version = words.dropFirst(2).first, let major = Int(version.prefix { $0.isNumber }) else { return nil }
    let found = Installation(major: major, version: String(version).trimmingCharacters(in: .whitespacesAndNewlines), programs: programs)
    if let file { known.withLock { $0[file] = found } }
    return found
  }

  /// Asked once for each file, which an upgrade replaces.
  private static let known = Mutex<[FileIdentity: Installation]>([:])

  private struct FileIdentity: Hashable {
    let path: String
    let numbers: [Int]

    init?(_ path: String) {
      var found = stat()
      guard stat(path, &found) == 0 else { return nil }
      self.path = path
      let modified = [csystem_modified_seconds(&found), csystem_modified_nanoseconds(&found)]
      numbers = [Int(found.st_dev), Int(found.st_ino), Int(found.st_size)] + modified.map { Int($0) }
    }
  }
}
