import DrillModel
import Testing

@Suite("Verdicts, faults and run ids")
struct VerdictTests {
  @Test("the worst verdict wins in every aggregate")
  func order() {
    let order: [Verdict] = [.failed, .couldNotVerify, .cannotDrill, .interrupted, .skipped, .passed]
    #expect(Verdict.allCases.sorted() == order)
    for (index, verdict) in order.enumerated() { #expect(order[index...].min() == verdict) }
  }

  @Test("the spellings are those of the contract")
  func spellings() {
    #expect(Verdict.allCases.map(\.rawValue) == ["failed", "could_not_verify", "cannot_drill", "interrupted", "skipped", "passed"])
    #expect(Standing.overdue.text == "overdue")
    #expect(Standing.neverTested.text == "never_tested")
    #expect(Standing.verdict(.couldNotVerify).text == "could_not_verify")
  }

  @Test("a fault about the backup fails the run, one of ours cannot drill")
  func faults() {
    for code in [FaultCode.nothingToRestore, .backupDamaged, .backupTruncated, .checksumMismatch, .restoreFailed] {
      #expect(code.verdict == .failed)
    }
    for code in [FaultCode.sourceUnreachable, .toolMissing, .toolTooOld, .noSpace, .permissionDenied, .backupEncrypted, .credentials] {
      #expect(code.verdict == .cannotDrill)
    }
    #expect(FaultCode.interrupted.verdict == .interrupted)
    #expect(Fault(.noSpace, "No space on /var", advice: "Free 3 GB").description == "No space on /var. Free 3 GB")
  }

  @Test("run ids sort by time and read back")
  func runIDs() throws {
    var random = SystemRandomNumberGenerator()
    let ids = (0..<200).map { RunID(at: Timestamp(milliseconds: 1_795_316_400_000 + $0), using: &random) }
    #expect(ids == ids.sorted())
    #expect(Set(ids).count == 200)
    for id in ids { #expect(RunID(id.text) == id) }
    #expect(ids[0].text.hasPrefix("01"))
  }

  @Test("the time of a run id is ULID's", arguments: [(Int64(1_469_918_176_385), "01ARYZ6S41")])
  func knownULID(_ milliseconds: Int64, _ prefix: String) {
    var random = SystemRandomNumberGenerator()
    #expect(RunID(at: Timestamp(milliseconds: milliseconds), using: &random).text.hasPrefix(prefix))
  }

  @Test(
    "what is no ULID is no run id",
    arguments: [
      "", "01ARYZ6S41TSV4RRFFQ69G5FA", "01ARYZ6S41TSV4RRFFQ69G5FAVX", "01ARYZ6S41TSV4RRFFQ69G5FIV", "01aryz6s41tsv4rrffq69g5fav",
      "../../../../../etc/passwd/",
    ])
  func notRunIDs(_ text: String) { #expect(RunID(text) == nil) }
}
