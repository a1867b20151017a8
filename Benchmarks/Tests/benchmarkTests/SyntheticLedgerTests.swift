import Testing

@testable import benchmark

@Suite("Made-up ledgers")
struct SyntheticLedgerTests {
  /// FIPS 180-4's examples, and lengths around the padding's edges.
  @Test(
    "SHA-256 agrees with published digests",
    arguments: [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      ("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
    ])
  func digests(_ text: String, _ expected: String) {
    let digits = SHA256.digest(of: Array(text.utf8)).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }
    #expect(digits.joined() == expected)
  }

  @Test("ids are 26 characters, sort by time, and differ") func identifiers() {
    let runs = (0..<500).map { SyntheticRun(number: $0, drills: 5, startedAt: 1_735_689_600_000 + $0 * 300_000).run }
    #expect(runs.allSatisfy { $0.count == 26 } && runs == runs.sorted() && Set(runs).count == runs.count)
  }

  @Test("some runs fail, some cannot be drilled, most pass") func verdicts() {
    let runs = (0..<5000).map { SyntheticRun(number: $0, drills: 5, startedAt: 0).verdict }
    #expect(Set(runs) == ["passed", "failed", "cannot_drill"])
    #expect(runs.count { $0 == "failed" } < 400)
  }
}
