import DrillModel
import DrillTestSupport
import EngineKit
import EnginePostgreSQLPhysical
import Foundation
import Glibc
import Selecting
import SourceRepositories
import Testing
import ToolRunner

/// One drill of a sample's repository: a copy that a test may damage, what came of it, and questions to it.
final class ToolBench: Sendable {
  static let tools = SupervisedTools(run: "01KTOOLTESTS0000000000000A")
  enum Tool: Sendable { case pgBackRest, barman }

  let scratch: EngineScratch
  let sample: SampleRepositories
  let tool: Tool
  let repository: Int?

  /// Copies a repository, and lets a shell script change it in the test's directory: `repo1`, `repo2`, `home` and the configuration.
  init(_ tool: Tool, repository: Int? = 1, _ script: String = "true") async throws {
    sample = try await SampleRepositories.shared.value
    scratch = try EngineScratch()
    self.tool = tool
    self.repository = repository
    let names = tool == .barman ? ["home", "barman.conf"] : ["repo\(repository ?? 1)", "pgbackrest.conf"]
    for name in names { try HostProgram.run("/bin/cp", ["-a", "\(sample.folder.path)/\(name)", "\(scratch.path)/\(name)"]) }
    let place = "sed -i 's,\(sample.folder.path),\(scratch.path),g' \(names[1]); W=\(scratch.path)\n"
    try HostProgram.run("/bin/bash", ["-ec", place + script], directory: scratch.path)
  }

  var configuration: String { "\(scratch.path)/\(tool == .barman ? "barman" : "pgbackrest").conf" }

  func source(_ owner: String? = nil, tools: any ToolRunning = ToolBench.tools) -> any BackupSource {
    switch tool {
    case .pgBackRest:
      PgBackRestSource(stanza: owner ?? "main", configuration: configuration, repository: repository, tools: tools)
    case .barman: BarmanSource(server: owner ?? "srv", configuration: configuration, tools: tools)
    }
  }

  /// What the catalogue holds, judged.
  func survey(_ match: String? = nil, owner: String? = nil, tools: any ToolRunning = ToolBench.tools) async throws -> Survey {
    var rules = SelectionRules()
    rules.match = match
    return try Selecting.survey(
      try await source(owner, tools: tools).artefacts(), rules: rules, now: HostClocks().now())
  }

  struct Restored {
    let target: any ScratchTarget
    let report: RestoreReport
    let probes: Probes
    /// Its directory goes with it.
    let bench: ToolBench

    func ask(_ sql: String) async throws -> String? {
      try await probes.sql?.query(sql, timeout: .seconds(30), limit: 1).rows.first?.first ?? nil
    }

    /// The numbers above 1000 in the table, which tell where the roll-forward ended.
    func rows() async throws -> String? {
      let text = try await ask("select string_agg(id::text, ' ' order by id) from t where id > 1000")
      #expect(try await ask("select count(*) from t where id <= 1000") == "1000")
      #expect(try await ask("select id from u") == "7")
      try await target.destroy()
      return text
    }
  }

  /// Goes through a drill as a run does.
  ///
  /// - Parameter match: The label, or a pattern of labels.
  func restore(
    _ target: RecoveryTarget? = nil, _ match: String? = nil, at moment: Timestamp? = nil, tools: any ToolRunning = ToolBench.tools
  ) async throws -> Restored {
    let survey = try await survey(match)
    var random = SystemRandomNumberGenerator()
    let chosen = try survey.choose(
      moment.map { .at($0) } ?? .latest, failureInstant: moment ?? HostClocks().now(), using: &random)
    guard case .handle(let handle) = try await source().open(chosen.artefact) else { throw SampleRepositories.Failed(text: "no handle") }
    var options = PhysicalOptions()
    options.target = target
    let engine = PhysicalEngine(options)
    var context = scratch.context(tools: tools, user: EngineScratch.boxUser, cache: EngineScratch.cache)
    context.recoverTo = moment
    let identity = try engine.inspect(try engine.head(ofHandle: handle, from: source().location))
    #expect(identity.intake == .handle && identity.takenAt == chosen.time)
    let scratchTarget = try await engine.provision(context, for: identity)
    do {
      var report = try await scratchTarget.restore(.handle(handle))
      report = report.followed(by: try await scratchTarget.recover())
      try await scratchTarget.awaitReady()
      return Restored(target: scratchTarget, report: report, probes: try await scratchTarget.probes(), bench: self)
    } catch {
      try? await scratchTarget.destroy()
      throw error
    }
  }

  /// The fault of a drill that must not succeed.
  func fault(_ target: RecoveryTarget? = nil, _ match: String? = nil, tools: any ToolRunning = ToolBench.tools) async -> Fault? {
    do {
      let restored = try await restore(target, match, tools: tools)
      let rows = try? await restored.rows()
      Issue.record("the restore succeeded, with rows \(rows ?? "none") and \(restored.report.notes)")
      return nil
    } catch { return error as? Fault }
  }

  /// Every file of the repository with its time, size and digest: a drill must leave it as it is.
  func fingerprint() throws -> String {
    let place = tool == .barman ? "home" : "repo\(repository ?? 1)"
    return try HostProgram.run(
      "/bin/bash",
      [
        "-c",
        "find \(place) -printf '%p %m %U %s %T@\\n' | sort | sha256sum; find \(place) -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum",
      ],
      directory: scratch.path)
  }
}

extension ToolBench {
  /// Why the catalogue cannot be had.
  static func surveyFault(_ bench: ToolBench, owner: String? = nil, tools: any ToolRunning = ToolBench.tools) async -> Fault? {
    do {
      let survey = try await bench.survey(owner: owner, tools: tools)
      Issue.record("the catalogue was read: \(survey.candidates.map(\.id))")
      return nil
    } catch { return error as? Fault }
  }
}
