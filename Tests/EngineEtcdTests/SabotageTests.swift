import Digesting
import DrillModel
import DrillTestSupport
import Foundation
import Testing

@testable import EngineEtcd

/// Backups that must not come through, each with what it is called.
@Suite("Sabotaged backups of etcd", .enabled(if: EtcdBench.isInstalled, "etcd-server and etcd-client are not installed"))
struct SabotageTests {
  @Test("a changed byte in a snapshot is a hash that does not fit", arguments: [0.1, 0.5, 0.95]) func flipped(_ part: Double) async throws {
    var bytes = try await EtcdMaterial.shared.value.early
    // Behind the meta pages, by which the format is known.
    bytes[8192 + Int(Double(bytes.count - 8300) * part)] ^= 1
    let fault = try await EtcdBench().fault(snapshot: bytes)
    #expect(fault?.code == .checksumMismatch)
  }

  @Test("a cut snapshot is told to be cut, wherever it is cut") func cut() async throws {
    let bytes = try await EtcdMaterial.shared.value.early
    let bench = try EtcdBench()
    for count in [100, 5000, bytes.count / 2 + 7, bytes.count - 1, bytes.count - 33] {
      let fault = try await bench.fault(snapshot: Array(bytes.prefix(count)))
      #expect(fault?.code == .backupTruncated, "\(count): \(fault?.message ?? "restored")")
    }
    let atPage = try await bench.fault(snapshot: Array(bytes.prefix(bytes.count / 8192 * 4096)))
    #expect(atPage?.code.verdict == .failed)
  }

  @Test("a copied database without a hash is refused, and cut ones also where it is allowed") func withoutHash() async throws {
    let database = Array(try await EtcdMaterial.shared.value.early.dropLast(32))
    var bench = try EtcdBench()
    let fault = try await bench.fault(snapshot: database)
    #expect(fault?.code == .backupDamaged && fault?.advice?.contains("skip-hash-check") == true)
    bench.options.skipsHashCheck = true
    #expect(try await bench.fault(snapshot: Array(database.prefix(8192)))?.code == .backupTruncated)
    var broken = database
    // The headers of the pages that hold the keys: which of them are in use depends on when the server last wrote.
    for page in 2..<(database.count / 4096) {
      let bytes = page * 4096..<(page + 1) * 4096
      guard database[bytes].firstRange(of: Array("/reg/a1".utf8)) != nil else { continue }
      for place in bytes.prefix(16) { broken[place] = 0xEE }
    }
    #expect(broken != database)
    #expect(try await bench.fault(snapshot: broken)?.code == .backupDamaged)
  }

  @Test("a hash that was made to fit does not hide a broken tree") func rehashed() async throws {
    let snapshot = try await EtcdMaterial.shared.value.early
    let broken = EtcdMaterial.rehashed(snapshot) { database in
      for page in 2..<(database.count / 4096) { for place in 0..<64 { database[page * 4096 + place] = 0xEE } }
    }
    #expect(try await EtcdBench().fault(snapshot: broken)?.code == .backupDamaged)
  }

  @Test("a bbolt database that is not etcd's is something else") func otherDatabase() async throws {
    let snapshot = try await EtcdMaterial.shared.value.early
    let other = EtcdMaterial.rehashed(snapshot) { database in
      var start = database.startIndex
      while let found = database[start...].firstRange(of: Array("keylease".utf8)) {
        database[found.lowerBound] = UInt8(ascii: "K")
        start = found.upperBound
      }
    }
    let fault = try await EtcdBench().fault(snapshot: other)
    #expect(fault == nil || fault?.code.verdict == .failed)
  }

  @Test("a snapshot of a newer etcd needs a newer etcd") func newer() async throws {
    let snapshot = try await EtcdMaterial.shared.value.early
    let newer = EtcdMaterial.rehashed(snapshot) { database in
      while let found = database.firstRange(of: Array("clusterVersion3.".utf8)) { database[found.upperBound - 2] = UInt8(ascii: "9") }
    }
    let fault = try await EtcdBench().fault(snapshot: newer)
    #expect(fault?.code == .toolTooOld, "\(fault?.message ?? "restored")")
  }

  @Test("deltas that are damaged, cut or no deltas are each told apart") func deltas() async throws {
    let material = try await EtcdMaterial.shared.value
    let good = material.delta(21...30)
    var flipped = good
    flipped[good.count / 2] ^= 1
    let cases: [(String, [UInt8], FaultCode)] = [
      ("flipped", flipped, .checksumMismatch), ("cut", Array(good.prefix(good.count / 2)), .checksumMismatch),
      ("a hash alone", Array(good.suffix(32)), .backupTruncated), ("a few bytes", [1, 2, 3], .backupTruncated),
      ("no JSON", SampleStore.sealed("hello, world"), .backupDamaged),
      ("half of JSON", SampleStore.sealed(Array(good.dropLast(60))), .backupDamaged),
      ("an object", SampleStore.sealed("{}"), .backupDamaged), ("more behind it", SampleStore.sealed("[] []"), .backupDamaged),
      ("no key", SampleStore.sealed(#"[{"etcdEvent":{"kv":{"mod_revision":21}}}]"#), .backupDamaged),
      ("no Base64", SampleStore.sealed(#"[{"etcdEvent":{"kv":{"key":"*&^%","mod_revision":21}}}]"#), .backupDamaged),
      (
        "a revision of 1e3", SampleStore.sealed(#"[{"etcdEvent":{"kv":{"key":"YQ==","mod_revision":99999999999999999999}}}]"#),
        .backupDamaged
      ),
      ("nothing", SampleStore.sealed("[]"), .restoreFailed),
    ]
    let bench = try EtcdBench()
    for (what, bytes, code) in cases {
      var store = material.store
      store[EtcdMaterial.middleName] = bytes
      let fault = try await bench.fault(store)
      #expect(fault?.code == code, "\(what): \(fault?.message ?? "restored")")
    }
  }

  @Test("packed deltas that are cut are told to be cut") func packedCut() async throws {
    let material = try await EtcdMaterial.shared.value
    let delta = material.delta(31...41)
    let bench = try EtcdBench()
    for (suffix, bytes) in [
      ("gz", try SampleStore.gzip(delta)), ("zlib", try SampleStore.zlib(delta)), ("Z", SampleStore.lzw(delta)),
    ] {
      var store = material.store
      store[EtcdMaterial.lastName] = nil
      store["\(EtcdMaterial.lastName).\(suffix)"] = Array(bytes.prefix(bytes.count * 2 / 3))
      let fault = try await bench.fault(store)
      #expect(fault?.code == .backupTruncated, "\(suffix): \(fault?.message ?? "restored")")
    }
  }

  @Test("a delta that leaves out a revision, or ends elsewhere than its name says, fails with both numbers") func revisions() async throws {
    let material = try await EtcdMaterial.shared.value
    var store = material.store
    store[EtcdMaterial.middleName] = SampleStore.delta(material.history.events(21...30).filter { $0.revision != 25 })
    var fault = try await EtcdBench().fault(store)
    #expect(fault?.code == .restoreFailed && fault?.message.contains("revision 26 follows 24") == true, "\(fault?.message ?? "")")
    store[EtcdMaterial.middleName] = material.delta(21...29)
    fault = try await EtcdBench().fault(store)
    #expect(fault?.message.contains("stands at revision 29, and the delta ends at 30") == true, "\(fault?.message ?? "")")
    store[EtcdMaterial.middleName] = SampleStore.delta(material.history.events(21...30).reversed())
    fault = try await EtcdBench().fault(store)
    #expect(fault?.code == .restoreFailed)
  }

  @Test("a delta of another cluster with the same revisions does not continue the full snapshot") func foreignDelta() async throws {
    let material = try await EtcdMaterial.shared.value
    var other = SampleHistory()
    for number in 2...20 { other.put("/reg/a\(number % 3 + 1)", "other \(number)") }
    var store = material.store
    store[EtcdMaterial.firstName] = SampleStore.delta(other.events(12...20))
    let fault = try await EtcdBench().fault(store)
    #expect(fault?.code == .restoreFailed && fault?.message.contains("does not continue") == true, "\(fault?.message ?? "restored")")
  }

  @Test("a full snapshot of another cluster is not what the deltas build on") func foreignFull() async throws {
    let material = try await EtcdMaterial.shared.value
    let scratch = try EngineScratch()
    var other = SampleHistory()
    for number in 2...11 { other.put("/other/\(number)", "v") }
    let server = try await SampleEtcd("\(scratch.path)/other")
    try await server.apply(other.events(2...11))
    var store = material.store
    store[EtcdMaterial.fullName] = try server.snapshot()
    await server.stop()
    #expect(try await EtcdBench().fault(store)?.code == .restoreFailed)
  }

  @Test("a full snapshot of an earlier revision than its name says is not it, with deltas behind it and without") func lyingName()
    async throws
  {
    let material = try await EtcdMaterial.shared.value
    var store = material.store
    store[EtcdMaterial.fullName] = nil
    store["v2/Full-00000000-00000020-1795250100"] = material.early
    store[EtcdMaterial.firstName] = nil
    for file in [nil] + store.keys.filter({ $0.contains("Incr-") }).sorted().reversed() {
      if let file { store[file] = nil }
      let fault = try await EtcdBench().fault(store)
      #expect(fault?.message.contains("ends at revision 11, and its name says 20") == true, "\(fault?.message ?? "restored")")
    }
  }

  @Test("a delta given as a snapshot is told what it is") func deltaAlone() async throws {
    let delta = try await EtcdMaterial.shared.value.delta(12...20)
    #expect(try await EtcdBench().fault(snapshot: delta)?.message.contains("without the full snapshot") == true)
  }
}
