import DrillConfig
package import DrillModel
package import EngineKit
import Objectives
import Selecting
import ToolRunner

/// What a run would do, found out without changing anything.
package struct RunPreview: Sendable, Encodable {
  package var drill: String
  package var source: String
  package var chosen: Chosen?
  package var considered: Int
  package var rejected: [RejectedRecord]
  package var format: String?
  package var artefactAge: String?
  package var windowWorstGap: String?
  package var target: String
  /// What a run makes outside this machine, a line each.
  package var creates: [String] = []
  package var spaceNeeded: Int64?
  package var steps: [String]
  package var checks: [String]
  /// `matches`, or why there is none to compare with; nil when it was not asked for.
  package var checksum: String?
  /// What would keep the run from passing, as far as this look shows.
  package var problem: Fault?

  package struct Chosen: Sendable, Encodable {
    package var location: String
    package var takenAt: Timestamp?
    package var timeOrigin: TimeOrigin?
    package var bytes: Int64?
    /// How many artefacts it takes, `location` being the last of them.
    package var artefacts: Int

    private enum CodingKeys: String, CodingKey {
      case location, bytes, artefacts
      case takenAt = "taken_at"
      case timeOrigin = "time_origin"
    }
  }

  private enum CodingKeys: String, CodingKey {
    case drill, source, chosen, considered, rejected, format, target, creates, steps, checks, checksum
    case artefactAge = "artefact_age"
    case windowWorstGap = "window_worst_gap"
    case spaceNeeded = "space_needed"
  }

  /// Lists the source, chooses as a run would, and reads the beginning of the chosen backup, or all of it with `verify`.
  ///
  /// - Throws: `Fault` when the source cannot be listed.
  package static func make(_ plan: DrillPlan, settings: RunSettings, clocks: any Clocks, verify: Bool) async throws -> RunPreview {
    let now = clocks.now()
    let rules = plan.drill.rules
    let instant = plan.failureInstant(startedAt: now)
    let survey = try await plan.survey(now: now)
    var preview = RunPreview(
      drill: plan.drill.name, source: plan.source.location, considered: survey.candidates.count,
      rejected: survey.rejected.map { RejectedRecord(location: $0.artefact.location, reason: $0.reason) },
      target: plan.engine.place(scratch: settings.scratch), steps: PhaseName.allCases.map(\.rawValue),
      checks: plan.checks.map { "\($0.rules.name) (\($0.rules.kind), \($0.rules.severity.rawValue))" })
    var random = SystemRandomNumberGenerator()
    do {
      let chosen = try survey.choose(rules.select, failureInstant: instant, using: &random)
      try await preview.look(at: chosen, plan, settings, clocks, instant: instant, verify: verify)
      let points = survey.candidates.compactMap(\.time)
      preview.windowWorstGap =
        worstGap(points: points, previousSealed: nil, failureInstant: instant, window: rules.window).window?.length.readable
    } catch let fault as Fault {
      preview.problem = fault
    }
    return preview
  }

  private mutating func look(
    at candidate: Candidate, _ plan: DrillPlan, _ settings: RunSettings, _ clocks: any Clocks, instant: Timestamp, verify: Bool
  ) async throws {
    chosen = Chosen(
      location: candidate.newest.location, takenAt: candidate.time, timeOrigin: candidate.origin, bytes: candidate.bytes,
      artefacts: candidate.chain.count + 1)
    artefactAge = candidate.time.map { (instant - $0).readable }
    let tools = SupervisedTools(run: "plan")
    let secrets = try await SecretReader(environment: settings.environment).fetch(plan.source.secretReferences, tools: tools)
    let opened = try await plan.source.with(secrets).open(candidate.artefact)
    let head: ContentHead
    switch opened {
    case .file(let descriptor, _, let bytes):
      let stored = StoredStream(descriptor, bytes: bytes, expectedSHA256: candidate.artefact.expectedSHA256)
      head = try await lookInto(stored, candidate, plan, tools, verify: verify)
    case .stream(let stored): head = try await lookInto(stored, candidate, plan, tools, verify: verify)
    case .directory(let path): head = ContentHead(name: candidate.artefact.name, bytes: [], directory: path)
    case .handle(let handle): head = try plan.engine.head(ofHandle: handle, from: plan.source.location)
    }
    let identity = try plan.engine.inspect(head)
    creates = try plan.engine.creations(for: head)
    format = identity.format
    spaceNeeded = identity.spaceNeeded(with: candidate.chain)
  }

  private mutating func lookInto(
    _ stored: StoredStream, _ candidate: Candidate, _ plan: DrillPlan, _ tools: SupervisedTools, verify: Bool
  ) async throws -> ContentHead {
    let name = candidate.artefact.name
    let expected = stored.expectedSHA256 ?? candidate.artefact.expectedSHA256
    let stream = try await Unwrapper(tools: tools, limits: plan.drill.limits).open(
      stored.descriptor, name: name, bytes: stored.bytes, expectedSHA256: expected, feed: stored.feed)
    let head = ContentHead(name: name, bytes: stream.head, layers: stream.layers, storedBytes: stored.bytes)
    // An empty beginning may be that of a stream which broke; only its end tells.
    guard verify || (stream.head.isEmpty && stored.feed != nil) else {
      stream.stop()
      return head
    }
    let summary = try await stream.finish()
    if verify {
      let matching = (expected == nil ? [] : [".sha256"]) + [summary.verifiedBy].compactMap { $0 }
      checksum =
        switch matching {
        case []: "there is no .sha256 beside it; it was read to its end"
        case [".sha256"]: "matches"
        default: "matches (\(matching.joined(separator: ", ")))"
        }
    }
    return head
  }
}

/// Asks an engine for its tools without a run.
package enum EngineExamination {
  /// - Throws: `Fault` that says what is missing.
  package static func preflight(_ plan: DrillPlan, settings: RunSettings, clocks: any Clocks) async throws -> EngineIdentity {
    var random = SystemRandomNumberGenerator()
    let run = RunID(at: clocks.now(), using: &random)
    let tools = SupervisedTools(run: run.text)
    let secrets = try await RunSecrets.fetch(plan, settings: settings, tools: tools)
    return try await plan.engine.preflight(
      EngineContext(
        run: run, directory: ScratchDirectory.path(in: settings.scratch, run: run), cache: settings.cache, tools: tools,
        journal: NoJournal(), clocks: clocks, durability: plan.drill.durability, limits: plan.drill.limits, protected: settings.protected,
        sources: plan.localDirectories, secrets: secrets.fetched,
        progress: { _, _, _ in }))
  }

  /// A preflight creates nothing, so there is nothing to write down; an engine that tries is wrong.
  private struct NoJournal: ScratchJournal {
    func intend(_ resource: ScratchResource) async throws {
      throw Fault(.internalError, "the engine wanted to make a \(resource.kind) before the run began")
    }
    func made(_ resource: ScratchResource) async throws {}
    func gone(_ resource: ScratchResource) async throws {}
  }
}
