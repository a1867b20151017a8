import DrillTestSupport
import Glibc
import Testing

/// One kind of drill for crash tests.
struct CrashCase: Sendable, CustomTestStringConvertible {
  let engine: String
  let ending: String
  let drill: String
  let bytes: @Sendable () async throws -> [UInt8]
  /// Adds what the drill needs beside its backup.
  var prepare: @Sendable (ScratchSite) async throws -> Void = { _ in }

  var testDescription: String { engine }

  func site() async throws -> ScratchSite {
    let site = ScratchSite()
    site.backup(SampleDrill.name(.seconds(7200), ending), try await bytes())
    site.drill("d", drill)
    try await prepare(site)
    return site
  }

  static let all: [CrashCase] = {
    var cases = [
      CrashCase(engine: "sqlite", ending: "db.gz", drill: SampleDrill.sqlite(match: "b_%Y%m%d_%H%M%S.db.gz")) {
        await SampleBackups.gzip(await SampleBackups.database())
      },
      CrashCase(engine: "files", ending: "tar", drill: SampleDrill.files()) { await SampleBackups.archive() },
    ]
    if SamplePostgreSQL.binaries != nil {
      cases.append(
        CrashCase(engine: "postgresql", ending: "dump", drill: SampleDrill.postgresql()) { try await SamplePostgreSQL.dumps().custom })
      cases.append(
        CrashCase(
          engine: "postgresql, given server", ending: "dump", drill: SampleDrill.given(.file),
          bytes: { try await SamplePostgreSQL.dumps().custom },
          prepare: { $0.file("secret", try await GivenPostgreSQL.shared().conninfo + "\n", mode: 0o600) }))
    }
    return cases
  }()

  /// A server that starts only when there is something to load; none where it is not installed.
  static let redis =
    SampleRedis.isInstalled
    ? [CrashCase(engine: "redis", ending: "rdb", drill: SampleDrill.redis()) { try await SampleRedis.backups().snapshot }] : []
}

extension ScratchSite {
  /// What must hold after a run was killed: nothing of it lives, cleanup finishes, at most one record, and the next run passes.
  func expectRecovery(_ what: String, _ location: SourceLocation = #_sourceLocation) async throws {
    try await expectNoProcess(what, location)
    let cleanup = await run("cleanup")
    #expect(cleanup.status == 0, "\(what): \(cleanup.said)", sourceLocation: location)
    #expect(scratchEntries.isEmpty, "\(what): \(cleanup.said)", sourceLocation: location)
    let before = await run("history", "--json", "--limit", "1000").records
    #expect(Set(before.compactMap { $0["run"].text }).count == before.count, "\(what)", sourceLocation: location)
    let next = await runJSON("d")
    #expect(next.record["verdict"].text == "passed", "\(what): \(next.said)", sourceLocation: location)
    #expect(await run("history", "--json", "--limit", "1000").records.count == before.count + 1, "\(what)", sourceLocation: location)
    #expect(scratchEntries.isEmpty, "\(what)", sourceLocation: location)
    let audit = await run("audit", "verify")
    #expect(audit.status == 0, "\(what): \(audit.said)", sourceLocation: location)
  }

  /// No process that has this site in its arguments or environment lives two seconds after a kill.
  func expectNoProcess(_ what: String, _ location: SourceLocation = #_sourceLocation) async throws {
    var left: [Int32] = []
    for _ in 0..<80 {
      left = HostProcesses.withArgument(path)
      if left.isEmpty { return }
      try await Task.sleep(for: .milliseconds(25))
    }
    let names = left.map { TextFile.read("/proc/\($0)/cmdline").replacing("\0", with: " ") }
    #expect(left.isEmpty, "\(what): \(names)", sourceLocation: location)
  }
}
