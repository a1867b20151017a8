internal import DrillModel
package import EngineKit
package import ToolRunner

/// PostgreSQL's own deep check: pg_amcheck over heaps and B-trees, and at `full` every row of every table read and decoded.
package struct DeepCheck: DeepProbe {
  private let server: ScratchServer
  private let checker: ConnectionTarget
  private let tools: any ToolRunning
  private let jobs: Int
  private let probe: DatabaseProbe
  /// The schema of amcheck; nothing of a dump is in it.
  static let schema = "drillmark_amcheck"

  package init(_ server: ScratchServer, checker: ConnectionTarget, tools: any ToolRunning, jobs: Int) {
    self.server = server
    self.checker = checker
    self.tools = tools
    self.jobs = jobs
    probe = DatabaseProbe(checker)
  }

  package func check(_ level: DeepLevel, timeout: Duration) async throws -> DeepResult {
    let deadline = ContinuousClock.now + timeout
    try await installAmcheck()
    var findings = try await runAmcheck(level, timeout: timeout)
    let content = try await StoredContent(probe, without: DeepCheck.schema, timeout: timeout)
    let read = level == .full ? try await content.read(until: deadline, timeout: timeout) : nil
    findings += read?.findings ?? []
    return DeepResult(findings: findings, scope: content.scope(read))
  }

  /// Installed after the load, in a schema of its own, so that a dump could not put anything in its place.
  private func installAmcheck() async throws {
    guard server.installation.has("pg_amcheck") else {
      throw ProbeError.unavailable(
        "pg_amcheck of PostgreSQL \(server.installation.version) is not on this machine; apt-get install postgresql-contrib")
    }
    let (target, role) = (server.administrator.entering(checker.database), Quoting.identifier(checker.user))
    try await onThread("pg amcheck") {
      do throws(ServerError) {
        let connection = try Connection(target)
        defer { connection.close() }
        let schema = DeepCheck.schema
        let there = try connection.query("SELECT 1 FROM pg_catalog.pg_extension WHERE extname = 'amcheck'")
        if !there.rows.isEmpty { try connection.execute("DROP EXTENSION amcheck") }
        try connection.execute(
          """
          DROP SCHEMA IF EXISTS \(schema) CASCADE; CREATE SCHEMA \(schema);
          CREATE EXTENSION amcheck SCHEMA \(schema); GRANT USAGE ON SCHEMA \(schema) TO \(role);
          GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA \(schema) TO \(role)
          """)
      } catch {
        throw ProbeError.unavailable("amcheck cannot be installed: \(error.message); apt-get install postgresql-contrib")
      }
    }
  }

  private func runAmcheck(_ level: DeepLevel, timeout: Duration) async throws -> [String] {
    let program = server.installation.program("pg_amcheck")
    let passwords = "\(server.socket)/check-\(RandomText.hex(4))"
    do { try Accounts.writeFile(passwords, PasswordFile.line(checker), owner: server.confinement.user) } catch {
      throw ProbeError.unavailable("\(error)")
    }
    let environment = [
      "LC_ALL": "C", "PATH": "/nonexistent", "PGHOST": server.socket, "PGPORT": "5432", "PGUSER": checker.user, "PGPASSFILE": passwords,
      "PGDATABASE": checker.database, "PGSERVICEFILE": "/nonexistent", "PGSYSCONFDIR": "/nonexistent", "PGSSLMODE": "disable",
      "HOME": "/nonexistent", "TZ": "UTC", "PGOPTIONS": "-c default_transaction_read_only=on",
    ]
    var arguments = ["--jobs=\(jobs)", "--no-password", "--exclude-schema=\(DeepCheck.schema)"]
    if level == .full { arguments.append("--heapallindexed") }
    let command = ToolCommand(
      program, arguments, environment: environment, output: .captured(limit: 1 << 20), errors: .captured(limit: 256 << 10),
      box: server.confinement.box(for: program, of: server.installation, writing: [server.socket, "/dev/null"]))
    let exit: ToolExit
    do { exit = try await tools.run(command, deadline: timeout) } catch let fault as Fault { throw ProbeError.unavailable(fault.message) }
    if exit.status == .timedOut { throw ProbeError.timeout(timeout) }
    if exit.status == .cancelled { throw CancellationError() }
    return try AmcheckOutput.findings(exit)
  }
}

/// What pg_amcheck says, which its exit status alone does not tell apart.
enum AmcheckOutput {
  /// - Throws: `ProbeError.unavailable` when it could not look everywhere.
  static func findings(_ exit: ToolExit) throws -> [String] {
    let findings = findings(in: exit.outputText)
    if exit.status == .exited(0) || exit.status == .exited(2), findings.isEmpty == (exit.status == .exited(0)) { return findings }
    if !findings.isEmpty { return findings }
    let reason = exit.errorText.split(separator: "\n").first { $0.contains("error:") } ?? "no reason given"
    throw ProbeError.unavailable("pg_amcheck ended with \(exit.status): \(ServerError.withoutValues(String(reason)))")
  }

  /// A line names the relation and ends in a colon; indented lines below it say what is wrong.
  static func findings(in output: String) -> [String] {
    var findings: [String] = []
    var subject = ""
    for line in output.split(separator: "\n") {
      if !line.hasPrefix(" ") {
        subject = String(line).trimmingSuffix(":")
      } else if !line.contains("CONTEXT:"), !line.contains("DETAIL:"), !line.contains("HINT:"), findings.count < 1000 {
        findings.append("\(subject): \(ServerError.withoutValues(String(line.drop { $0 == " " })))")
      }
    }
    return findings
  }
}

extension String {
  fileprivate func trimmingSuffix(_ suffix: String) -> String { hasSuffix(suffix) ? String(dropLast(suffix.count)) : self }
}
