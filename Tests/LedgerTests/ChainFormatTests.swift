import Digesting
import DrillModel
import Foundation
import GRDB
import Ledger
import Testing

/// The published bytes of an entry, written a second time from `docs/ledger.md` alone.
enum ChainBytes {
  static func hash(_ sequence: Int64, _ kind: String, _ subject: String, previous: String, body: [UInt8]) -> [UInt8] {
    var bytes = Array("drillmark ledger entry 1\n".utf8)
    func eight(_ value: Int64) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
    bytes += eight(sequence)
    bytes += eight(Int64(kind.utf8.count)) + kind.utf8
    bytes += eight(Int64(subject.utf8.count)) + subject.utf8
    bytes += eight(1)
    bytes += eight(32) + (Hexadecimal.decode(previous.dropFirst(7)) ?? [])
    bytes += eight(Int64(body.count)) + body
    return SHA256.digest(of: bytes)
  }
}

@Suite("Format of the chain")
struct ChainFormatTests {
  let fixture = LedgerFixture()

  @Test("the hashes are those of the published format") func published() throws {
    let ledger = try fixture.open()
    let first = try fixture.seal(in: ledger)
    let second = try fixture.seal(in: ledger)
    #expect(first.chain.previous == "sha256:" + String(repeating: "0", count: 64))
    #expect(second.chain.previous == first.chain.hash && second.chain.sequence == 2)
    for sealed in [first, second] {
      let hash = ChainBytes.hash(
        sealed.chain.sequence, "run", sealed.record.run.text, previous: sealed.chain.previous, body: sealed.body)
      #expect(sealed.chain.hash == "sha256:" + Hexadecimal.encode(hash))
    }
  }

  @Test("the worked example of the documentation is right") func workedExample() throws {
    let page = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/ledger.md").standardized
    let text = try String(contentsOf: page, encoding: .utf8)
    let example = try #require(text.split(separator: "```text worked-example\n").dropFirst().first?.split(separator: "```").first)
    var fields: [Substring: String] = [:]
    for line in example.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1)
      fields[parts[0]] = parts[1].trimmingCharacters(in: .whitespaces)
    }
    let hash = ChainBytes.hash(
      try #require(fields["sequence"].flatMap(Int64.init)), try #require(fields["kind"]), try #require(fields["subject_run"]),
      previous: try #require(fields["previous"]), body: Array(try #require(fields["body"]).utf8))
    #expect(fields["hash"] == "sha256:" + Hexadecimal.encode(hash))
  }

  @Test("the printed record is one line of canonical JSON with every key") func jsonLine() throws {
    let sealed = try fixture.seal(in: try fixture.open())
    let line = sealed.jsonLine
    #expect(!line.contains("\n") && !line.contains("\\/"))
    let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    let keys: Set<String> = [
      "run", "drill", "trigger", "verdict", "reasons", "failure_instant", "started_at", "finished_at", "recovery_point", "rpo", "rto",
      "checks", "cleanup", "environment", "chain",
    ]
    #expect(Set(object.keys) == keys)
    #expect((object["environment"] as? [String: Any])?["engine"] is NSNull)
    let again = try JSONSerialization.data(withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes])
    #expect(String(decoding: again, as: UTF8.self) == line)
  }

  @Test("the stored bytes are the printed record without its chain") func storedBytes() throws {
    let sealed = try fixture.seal(in: try fixture.open())
    let stored: Data? = try fixture.value("SELECT body FROM entry")
    #expect(stored.map(Array.init) == sealed.body)
    #expect(sealed.jsonLine.hasSuffix(String(decoding: sealed.body.dropFirst(), as: UTF8.self)))
  }

  @Test("a number that JSON cannot write is refused and nothing is sealed") func notANumber() throws {
    let ledger = try fixture.open()
    let claim = try fixture.claim(in: ledger)
    var record = fixture.record(claim)
    record.rpo.actual = .nan
    #expect(fault { _ = try ledger.seal(record, under: claim) }?.code == .internalError)
    #expect(try ledger.latest("orders") == nil && ledger.unfinished().count == 1)
  }

  @Test("a figure that no column can hold is kept in the body") func hugeNumber() throws {
    let ledger = try fixture.open()
    let claim = try fixture.claim(in: ledger)
    var record = fixture.record(claim)
    record.rpo.actual = 1e300
    #expect(try ledger.seal(record, under: claim).record.rpo.actual == 1e300)
    #expect(try fixture.audit().outcome == .holds)
  }

  @Test("an old record without a key that came later still reads") func olderRecord() throws {
    let ledger = try fixture.open()
    let sealed = try fixture.seal(in: ledger)
    let body = String(decoding: sealed.body, as: UTF8.self).replacing(",\"isolation\":null", with: "")
    let hash = ChainBytes.hash(1, "run", sealed.record.run.text, previous: sealed.chain.previous, body: Array(body.utf8))
    try fixture.tamper("UPDATE entry SET body = ?, hash = ?", [Data(body.utf8), Data(hash)])
    #expect(try ledger.latest("orders")?.record == sealed.record)
    #expect(try fixture.audit().outcome == .holds)
  }
}
