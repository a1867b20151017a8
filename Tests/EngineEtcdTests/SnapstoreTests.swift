import DrillModel
import EngineKit
import Selecting
import Testing

@testable import EngineEtcd

@Suite("Stores of etcd-backup-restore, by their names")
struct SnapstoreTests {
  private func survey(_ names: [String], empty: Set<String> = [], modified: Int64 = 1000, now: Int64 = 1_000_000) throws -> Survey {
    let artefacts = names.map {
      Artefact(location: "/store/\($0)", name: $0, bytes: empty.contains($0) ? 0 : 100, modified: Timestamp(seconds: modified))
    }
    return try Snapstore.assemble(try Selecting.survey(artefacts, rules: SelectionRules(), now: Timestamp(seconds: now)))
  }

  private static let full = "v2/Full-00000000-00000007-1000.gz"
  private static let first = "v2/Incr-00000008-00000012-1100.gz"
  private static let second = "v2/Incr-00000013-00000014-1200.gz"
  private static let third = "v2/Incr-00000015-00000015-1300.gz"

  @Test("every full snapshot and every delta is a recovery point, dated by its name") func points() throws {
    let result = try survey([Self.third, Self.first, Self.full, Self.second])
    #expect(result.candidates.map(\.id) == [Self.full, Self.first, Self.second, Self.third])
    #expect(result.candidates.map { $0.time?.milliseconds } == [1_000_000, 1_100_000, 1_200_000, 1_300_000])
    #expect(result.candidates.allSatisfy { $0.artefact.name == Self.full && $0.origin == .name })
    #expect(result.candidates.last?.chain.map(\.name) == [Self.first, Self.second, Self.third])
    #expect(result.rejected.isEmpty)
  }

  @Test("thousands of deltas on one full snapshot share one chain, so that memory grows with their number only") func many() throws {
    let names = (1...5000).map { number in
      let revision = String(String(100_000_000 + number).dropFirst())
      return "v2/Incr-\(revision)-\(revision)-\(2_000_000 + number).gz"
    }
    let started = ContinuousClock.now
    let result = try survey(["v2/Full-00000000-00000000-1000.gz"] + names)
    #expect(ContinuousClock.now - started < .seconds(60))
    #expect(result.candidates.count == 5001 && result.rejected.isEmpty)
    #expect(result.candidates.last?.chain.map(\.name) == names && result.candidates[2500].chain.count == 2500)
    let places = result.candidates.dropFirst().map { $0.chain.withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) } }
    #expect(Set(places).count == 1)
  }

  @Test("without its first delta nothing after the full snapshot can be restored") func withoutFirst() throws {
    let result = try survey([Self.full, Self.second, Self.third])
    #expect(result.candidates.map(\.id) == [Self.full])
    #expect(result.rejected.map(\.artefact.name) == [Self.second, Self.third])
    #expect(result.rejected.allSatisfy { $0.reason.contains("first delta is missing: it needs revisions 8 to 12") })
  }

  @Test("without a middle delta nothing after it can be restored, until the next full snapshot") func withoutMiddle() throws {
    let next = "v2/Full-00000000-00000015-1400.gz"
    let last = "v2/Incr-00000016-00000020-1500.gz"
    let result = try survey([Self.full, Self.first, Self.third, next, last])
    #expect(result.candidates.map(\.id) == [Self.full, Self.first, next, last])
    #expect(result.candidates.last?.chain.map(\.name) == [last])
    #expect(result.rejected.map(\.artefact.name) == [Self.third])
    #expect(result.rejected.first?.reason.contains("middle delta is missing: it needs revisions 13 to 14") ?? false)
    #expect(result.rejected.first?.time == Timestamp(seconds: 1300))
  }

  @Test("an empty delta is why those after it cannot be restored") func emptyDelta() throws {
    let result = try survey([Self.full, Self.first, Self.second, Self.third], empty: [Self.second])
    #expect(result.candidates.map(\.id) == [Self.full, Self.first])
    #expect(result.rejected.last?.reason.contains("zero bytes") ?? false)
  }

  @Test("a hole does not heal by waiting, and a copy made just now makes no store young") func freshCopy() throws {
    let hole = try survey([Self.full, Self.first, Self.third], modified: 999_990)
    #expect(hole.rejected.map(\.isSettling) == [false])
    #expect(try survey([Self.full, Self.first, Self.third], modified: 1290, now: 1310).rejected.map(\.isSettling) == [false])
    let empty = try survey([Self.full, Self.first, Self.second, Self.third], empty: [Self.second], modified: 999_990)
    #expect(empty.rejected.last?.artefact.name == Self.third && empty.rejected.last?.isSettling == false)
  }

  @Test("behind a file that is still arriving nothing is broken yet") func arriving() throws {
    let result = try survey([Self.full, Self.first, Self.second, Self.third], empty: [Self.second], modified: 1290, now: 1310)
    #expect(result.candidates.map(\.id) == [Self.full, Self.first])
    #expect(result.rejected.map(\.isSettling) == [true, true])
  }

  @Test("nothing is restored past a full snapshot that is unusable, as the tool would begin with it; until the next one") func brokenFull()
    throws
  {
    let broken = "v2/Full-00000000-00000012-1150.gz"
    let result = try survey([Self.full, Self.first, broken, Self.second], empty: [broken])
    #expect(result.candidates.map(\.id) == [Self.full, Self.first])
    #expect(result.rejected.map(\.artefact.name) == [broken, Self.second])
    #expect(
      result.rejected.last?.reason.contains("builds on is unusable (zero bytes)") == true && result.rejected.last?.isSettling == false)
    let next = "v2/Full-00000000-00000014-1250.gz"
    let healed = try survey([Self.full, Self.first, broken, Self.second, next, Self.third], empty: [broken])
    #expect(healed.candidates.last?.chain.map(\.name) == [Self.third] && healed.candidates.last?.artefact.name == next)
  }

  @Test("deltas alone restore nothing") func withoutFull() throws {
    let result = try survey([Self.first, Self.second])
    #expect(result.candidates.isEmpty)
    #expect(result.rejected.allSatisfy { $0.reason.contains("no full snapshot") })
    var random = SystemRandomNumberGenerator()
    let fault = #expect(throws: Fault.self) {
      try result.choose(.latest, failureInstant: Timestamp(seconds: 1_000_000), using: &random)
    }
    #expect(fault?.code == .nothingToRestore && fault?.message.contains("no full snapshot") == true)
  }

  @Test("files that overlap are of different clusters") func overlap() throws {
    let result = try survey([Self.full, Self.first, "v2/Incr-00000010-00000016-1250.gz"])
    #expect(result.candidates.map(\.id) == [Self.full, Self.first])
    #expect(result.rejected.first?.reason.contains("different clusters") ?? false)
  }

  @Test("several stores in one place are refused") func severalStores() throws {
    let fault = #expect(throws: Fault.self) {
      try survey(["main/v2/Full-00000000-00000007-1000.gz", "events/v2/Full-00000000-00000009-1000.gz"])
    }
    #expect(fault?.code == .configuration && fault?.message.contains("events, main") == true)
  }

  @Test("both layouts may lie in one store, chunks and strangers are passed over") func layouts() throws {
    let old = ["v1/Backup-900/Full-00000000-00000003-900", "v1/Backup-900/Incr-00000004-00000007-950.Z"]
    let result = try survey(
      old + [
        Self.full, Self.first, "notes.txt", "v2/Full-00000000-00000012-1150.gz/0001", "v2/Full-x-1-2", "v2/Incr-00000009-00000008-1.gz",
        "v2/Full-1-2", "v2/Full-00000000-00000012-1150.rar",
      ])
    #expect(result.candidates.map(\.id) == old + [Self.full, Self.first])
    #expect(result.candidates[1].chain.map(\.name) == [old[1]])
    #expect(result.rejected.isEmpty)
    #expect(result.leftOut.examples.contains("notes.txt"))
  }

  @Test("a full snapshot that is younger than the delta which ends at its revision begins anew") func sameRevision() throws {
    let final = "v2/Full-00000000-00000012-1150.gz.final"
    let result = try survey([Self.full, Self.first, final, Self.second])
    #expect(result.candidates.last?.artefact.name == final)
    #expect(result.candidates.last?.chain.map(\.name) == [Self.second])
    // One that is older builds on the full before.
    let early = "v2/Full-00000000-00000012-1050.gz"
    let other = try survey([Self.full, early, Self.first, Self.second])
    #expect(other.candidates.last?.artefact.name == early)
    #expect(other.candidates.last?.chain.map(\.name) == [Self.first, Self.second])
  }

  @Test("numbers outgrow eight digits") func largeNumbers() throws {
    let names = ["Full-00000000-99999999-1000", "Incr-100000000-4611686018427387904-1100"]
    let result = try survey(names)
    #expect(result.candidates.map(\.id) == names)
    #expect(SnapshotName("v2/Full-00000000-99999999999999999999-1000") == nil)
  }

  @Test("other places are left as they are, but for a server's own files") func plain() throws {
    #expect(try survey(["a.db", "b.db"]).candidates.count == 2)
    let result = try survey(["member/snap/db", "member/wal/0000000000000000-0000000000000000.wal"])
    #expect(result.candidates.isEmpty)
    #expect(result.rejected.allSatisfy { $0.reason.contains("data directory") })
  }
}
