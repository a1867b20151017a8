import DrillConfig
import DrillModel
import EngineKit
import Objectives
import Selecting
import ToolRunner

extension RunDrive {
  /// Asks the restored system every declared question.
  mutating func verify(_ target: any ScratchTarget, _ request: DrillRunner.Request, tools: SupervisedTools) async throws {
    begin(.verify)
    defer { end(.verify) }
    let limit = plan.drill.deadlines[.verify]
    let end = clocks.elapsed() + limit
    let probes: Probes
    do {
      let late = Fault(.notReady, "the restored system gave no connection for its checks within \(limit.readable)")
      probes = try await withDeadline(limit, otherwise: late) { try await target.probes() }
    } catch let error as ProbeError {
      throw Fault(.notReady, "the restored system cannot be asked: \(error.message)")
    }
    if let examine = request.examine { await examine(probes) }
    for index in plan.checks.indices {
      let record = await outcome(of: plan.checks[index], probes, tools, target.access, until: end)
      state.checks.append(record)
      observe(.checked(record))
      if Task.isCancelled { break }
    }
    if !Task.isCancelled { state.verifiedAt = clocks.elapsed() }
    try Task.checkCancellation()
  }

  /// Checks that had no turn are in the record too, as skipped.
  var allChecks: [CheckRecord] {
    state.checks + plan.checks.dropFirst(state.checks.count).map { skipped($0, "the run ended before this check") }
  }

  private func skipped(_ declared: DeclaredCheck, _ why: String) -> CheckRecord {
    CheckRecord(
      name: declared.rules.name, kind: declared.rules.kind, severity: declared.rules.severity, verdict: .skipped, expected: nil, found: why,
      seconds: 0, data: declared.check.looksAtData)
  }

  private mutating func outcome(
    of declared: DeclaredCheck, _ probes: Probes, _ tools: SupervisedTools, _ access: [String], until end: Duration
  ) async -> CheckRecord {
    if let ignore = declared.rules.ignore, clocks.now() < ignore.until {
      return skipped(declared, "ignored until \(ignore.until.readable): \(ignore.reason)")
    }
    let began = clocks.elapsed()
    let limit = min(declared.rules.timeout ?? plan.drill.checkTimeout, max(.milliseconds(1), end - began))
    let (observe, name) = (observe, declared.rules.name)
    let subject = CheckSubject(
      probes: probes, tools: tools, timeout: limit, recoveryPoint: state.chosen?.time, failureInstant: state.failureInstant,
      environment: environment(access), artefact: state.chosen?.newest.name.split(separator: "/").last.map(String.init),
      tell: { observe(.note("\(name): \($0)")) })
    let check = declared.check
    let late = Fault(.deadlineExceeded, "no answer within \(limit.readable)")
    var finding: CheckFinding
    do {
      finding = try await withDeadline(limit + .seconds(5), grace: .seconds(20), otherwise: late) { await check.evaluate(subject) }
    } catch {
      finding = CheckFinding(.couldNotVerify, found: asFault(error).description)
    }
    if finding.verdict != .passed, Task.isCancelled {
      // A check that the stop cut short says nothing of the data; the interruption is the run's verdict.
      finding = CheckFinding(.skipped, expected: finding.expected, found: "the run was stopped")
    }
    if finding.governs || finding.newest != nil {
      state.freshness.append(.init(check: declared.rules.name, newest: finding.newest, governs: finding.governs))
    }
    return CheckRecord(
      name: declared.rules.name, kind: declared.rules.kind, severity: declared.rules.severity, verdict: finding.verdict,
      expected: finding.expected, found: finding.found, seconds: (clocks.elapsed() - began).inSeconds, data: check.looksAtData)
  }

  private func environment(_ access: [String]) -> [String: String] {
    [
      "DRILLMARK_RUN": state.run.text, "DRILLMARK_DRILL": plan.drill.name, "DRILLMARK_ENGINE": plan.engine.name,
      "DRILLMARK_SCRATCH": ScratchDirectory.path(in: runner.settings.scratch, run: state.run),
      "DRILLMARK_ACCESS": access.joined(separator: "\n"), "DRILLMARK_FAILURE_INSTANT": state.failureInstant.description,
      "DRILLMARK_RECOVERY_POINT": state.chosen?.time?.description ?? "",
    ]
  }
}
