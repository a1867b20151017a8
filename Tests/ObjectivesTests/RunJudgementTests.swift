import DrillModel
import Objectives
import Testing

private let now = Timestamp(seconds: 1_795_316_400)

@Suite("The verdict of a run")
struct RunJudgementTests {
  private func check(
    _ verdict: CheckVerdict = .passed, _ severity: Severity = .fail, data: Bool = true, ignoredUntil: Timestamp? = nil
  ) -> RunJudgement.JudgedCheck {
    let record = CheckRecord(
      name: "rows of orders", kind: data ? "rows" : "command", severity: severity, verdict: verdict, expected: "at least 1000",
      found: "7", seconds: 0.1, data: data)
    return RunJudgement.JudgedCheck(record, ignore: ignoredUntil.map { CheckRules.Ignore(reason: "known", until: $0) })
  }

  private func run(_ checks: [RunJudgement.JudgedCheck]? = nil, restored: Bool = true) -> RunJudgement {
    RunJudgement(
      now: now, restored: restored, checks: checks ?? [check()], cleanup: CleanupRecord(verdict: .clean, resources: []))
  }

  @Test("restored, checked, objectives met and cleaned up is passed, with no reason")
  func passed() {
    #expect(run().judged.verdict == .passed)
    #expect(run().judged.reasons.isEmpty)
  }

  @Test("kept on purpose is passed as well")
  func kept() {
    var judgement = run()
    judgement.cleanup = CleanupRecord(verdict: .kept, resources: [])
    #expect(judgement.judged.verdict == .passed && judgement.judged.reasons.map(\.code) == ["cleanup_kept"])
  }

  @Test("a check that found something wrong fails the run, and its reason says what")
  func failedCheck() {
    let (verdict, reasons) = run([check(), check(.failed)]).judged
    #expect(verdict == .failed)
    #expect(reasons.map(\.text) == ["The check “rows of orders” failed: expected at least 1000, found 7"])
  }

  @Test("a check that could not be carried out is could_not_verify, next to others that passed")
  func notCarriedOut() { #expect(run([check(), check(.couldNotVerify)]).judged.verdict == .couldNotVerify) }

  @Test("no data check at all is could_not_verify", arguments: [0, 1, 2])
  func noDataCheck(_ variant: Int) {
    let checks = [[], [check(data: false)], [check(.couldNotVerify, .warn)]][variant]
    let (verdict, reasons) = run(checks).judged
    #expect(verdict == .couldNotVerify && reasons.contains { $0.code == "no_data_check" })
  }

  @Test("a command that says it looks at data counts as a data check")
  func dataCommand() {
    var command = check()
    command.record.kind = "command"
    #expect(run([command]).judged.verdict == .passed)
  }

  @Test("a warning never changes the verdict, but is a reason", arguments: [CheckVerdict.failed, .couldNotVerify])
  func warnings(_ verdict: CheckVerdict) {
    let judged = run([check(), check(verdict, .warn)]).judged
    #expect(judged.verdict == .passed && judged.reasons.map(\.severity) == [.warn])
  }

  @Test("a failed warning is still a data check that ran")
  func warningRan() { #expect(run([check(.failed, .warn)]).judged.verdict == .passed) }

  @Test("an ignored check is left out until its date and shown")
  func ignored() {
    let judged = run([check(), check(.failed, ignoredUntil: now + .seconds(1))]).judged
    #expect(judged.verdict == .passed && judged.reasons.map(\.code) == ["check_ignored"])
    #expect(judged.reasons[0].text.contains("known"))
    #expect(run([check(), check(.failed, ignoredUntil: now)]).judged.verdict == .failed)
  }

  @Test("an ignored check does not stand for a data check")
  func ignoredIsNoDataCheck() {
    #expect(run([check(.passed, ignoredUntil: now + .seconds(1))]).judged.verdict == .couldNotVerify)
  }

  @Test("a check that simply did not run does not pass for one that did")
  func skippedCheck() {
    let judged = run([check(), check(.skipped)]).judged
    #expect(judged.verdict == .couldNotVerify && judged.reasons.map(\.code) == ["check_skipped"])
    #expect(run([check(), check(.skipped, .warn)]).judged.verdict == .passed)
  }

  @Test(
    "a fault decides by its code",
    arguments: [
      (FaultCode.nothingToRestore, Verdict.failed), (.restoreFailed, .failed), (.backupTruncated, .failed),
      (.sourceUnreachable, .cannotDrill),
      (.toolMissing, .cannotDrill), (.noSpace, .cannotDrill), (.permissionDenied, .cannotDrill), (.backupEncrypted, .cannotDrill),
      (.toolTooOld, .cannotDrill), (.interrupted, .interrupted),
    ])
  func faults(_ code: FaultCode, _ verdict: Verdict) {
    var judgement = run([], restored: false)
    judgement.faults = [Fault(code, "It broke", advice: "Mend it")]
    #expect(judgement.judged.verdict == verdict)
    #expect(judgement.judged.reasons.map(\.text) == ["It broke. Mend it"])
  }

  @Test("a newer backup that is unusable fails the run, unless it may still be arriving")
  func rejectedNewer() {
    var judgement = run()
    judgement.rejectedNewer = [RunJudgement.RejectedNewer(location: "/b/new.gz", reason: "zero bytes", isSettling: false)]
    #expect(judgement.judged.verdict == .failed)
    #expect(judgement.judged.reasons[0].text.contains("/b/new.gz: zero bytes"))
    judgement.rejectedNewer[0].isSettling = true
    #expect(judgement.judged.verdict == .passed && judgement.judged.reasons.map(\.severity) == [.note])
  }

  @Test("a scratch target that could not be destroyed fails the run, and is named")
  func leaked() {
    var judgement = run()
    judgement.cleanup = CleanupRecord(
      verdict: .leaked,
      resources: [
        ScratchResource(kind: "directory", name: "/s/a", state: .gone), ScratchResource(kind: "directory", name: "/s/b", state: .leaked),
      ])
    #expect(judgement.judged.verdict == .failed)
    #expect(judgement.judged.reasons.map(\.text) == ["The scratch target could not be destroyed: directory /s/b"])
  }

  @Test("stopped before its end is interrupted, even when no data check had run")
  func interrupted() {
    var judgement = run([check(.skipped)])
    judgement.interruption = "Stopped by a signal"
    #expect(judgement.judged.verdict == .interrupted && judgement.judged.reasons.map(\.code) == ["interrupted"])
    judgement.checks.append(check(.failed))
    #expect(judgement.judged.verdict == .failed)
  }

  @Test("skipped on purpose is skipped")
  func skipped() {
    var judgement = run([], restored: false)
    judgement.skipped = "The window for starting has passed"
    #expect(judgement.judged.verdict == .skipped)
  }

  @Test("a missed objective fails the run, an objective that cannot be compared leaves it unverified")
  func objectives() {
    var judgement = run()
    judgement.reasons = [Reason(code: "rto_not_comparable", severity: .couldNotVerify, text: "x")]
    #expect(judgement.judged.verdict == .couldNotVerify)
    judgement.reasons.append(Reason(code: "rpo_missed", severity: .failed, text: "y"))
    #expect(judgement.judged.verdict == .failed)
  }

  @Test("a run that did not restore and does not say why never passes")
  func silent() {
    #expect(run(restored: false).judged.verdict == .cannotDrill)
    #expect(run(restored: false).judged.reasons.map(\.code) == ["not_restored"])
  }

  @Test("reasons come worst first, and in their order within a level")
  func order() {
    var judgement = run([check(.failed, .warn), check(.couldNotVerify), check(.failed)])
    judgement.reasons = [Reason(code: "clock_skew", severity: .note, text: "n"), Reason(code: "rpo_missed", severity: .failed, text: "r")]
    #expect(judgement.judged.reasons.map(\.code) == ["rpo_missed", "check_failed", "check_not_carried_out", "check_failed", "clock_skew"])
  }

  @Test("the verdict is always the worst of its reasons")
  func worstWins() {
    let levels: [Reason.Level] = [.failed, .couldNotVerify, .cannotDrill, .interrupted, .skipped, .warn, .note]
    for first in levels {
      for second in levels {
        var judgement = run()
        judgement.reasons = [first, second].map { Reason(code: "x", severity: $0, text: "") }
        let expected = [first, second].compactMap(\.verdict).min() ?? .passed
        #expect(judgement.judged.verdict == expected)
      }
    }
  }
}
