import DrillModel
import DrillTestSupport
import EngineKit
import EngineRedis
import Foundation
import Testing
import ToolRunner

@Suite(
  "Real Redis files",
  .enabled(if: SampleRedis.isInstalled && ConformanceData.folder("data/redis") != nil, "\(ConformanceData.absence), or no redis-server"))
struct RedisRealFileTests {
  private let dumps = (ConformanceData.folder("data/redis") ?? "") + "/redis-rdb-tools/tests/dumps"

  private func bytes(_ name: String) -> [UInt8] { TextFile.bytes("\(dumps)/\(name).rdb") }

  @Test(
    "hold the keys that their makers say",
    arguments: [
      ("parser_filters", 0, 43), ("redis_50_with_streams", 0, 14), ("non_ascii_values", 0, 6), ("rdb_version_5_with_checksum", 0, 6),
      ("multiple_databases", 0, 1), ("multiple_databases", 2, 1), ("dictionary", 0, 1), ("integer_keys", 0, 6),
      ("rdb_version_8_with_64b_length_and_scores", 0, 2), ("keys_with_expiry", 0, 0), ("empty_database", 0, 0), ("intset_64", 0, 1),
      ("regular_sorted_set", 0, 1), ("zipmap_with_big_values", 0, 1), ("ziplist_with_integers", 0, 1), ("uncompressible_string_keys", 0, 3),
    ] as [(String, Int, Int64)])
  func counts(_ name: String, _ database: Int, _ wanted: Int64) async throws {
    #expect(try await RedisBench().keys(bytes(name), in: database).0 == wanted)
  }

  @Test("every one of them is loaded and read to the last value, but for those of modules")
  func all() async throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: dumps).sorted() where !name.contains("module") {
      let bench = try RedisBench()
      let findings = try await bench.restore("\(dumps)/\(name)") { probes, _ in
        try await probes.deep?.check(.full, timeout: .seconds(60)).findings
      }
      let isEmpty = ["empty_database.rdb", "keys_with_expiry.rdb"].contains(name)
      #expect(findings == (isEmpty ? ["the restored server holds no key"] : []), "\(name)")
    }
  }

  @Test("data of a module that is not here says nothing about the backup", arguments: ["redis_40_with_module", "redis_60_with_module_aux"])
  func module(_ name: String) async throws {
    let fault = try await RedisBench().fault(bytes(name))
    #expect(fault?.code == .toolMissing && fault?.message.contains("module") == true, "\(fault?.description ?? "loaded")")
  }

  @Test("keys that expired since are told in a note, and are no fault")
  func expired() async throws {
    let (_, report) = try await RedisBench().keys(bytes("keys_with_expiry"))
    #expect(report.notes.contains { $0.contains("1 keys had expired") })
    let (_, empty) = try await RedisBench().keys(bytes("empty_database"))
    #expect(empty.notes.contains("the backup is whole and holds no keys"))
  }

  @Test("the time at which the save began is the recovery point's, and is unknown before version 7")
  func time() throws {
    func taken(_ name: String) throws -> Timestamp? {
      try RedisEngine().inspect(ContentHead(name: name, bytes: bytes(name))).takenAt
    }
    #expect(try taken("non_ascii_values") == Timestamp(seconds: 1_486_987_515))
    #expect(try taken("redis_40_with_module") == Timestamp(seconds: 1_500_982_958))
    #expect(try taken("parser_filters") == nil)
  }

  @Test("an append-only file in parts holds what base and increment hold")
  func parts() async throws {
    let folder = (ConformanceData.folder("data/redis") ?? "") + "/aof-multipart-7.0"
    let found = try await RedisBench().restore(folder) { probes, _ in
      try await probes.keys?.digests(ofValues: [Array("a".utf8), Array("b".utf8), Array("c".utf8)], database: nil, timeout: .seconds(30))
    }
    #expect(found?.map { $0 != nil } == [true, true, false])
  }
}
