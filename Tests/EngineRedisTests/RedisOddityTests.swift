import Digesting
import DrillModel
import DrillTestSupport
import EngineKit
import EngineRedis
import Foundation
import Testing
import ToolRunner

@Suite("Odd but good Redis backups pass", .enabled(if: SampleRedis.isInstalled, "\(SampleRedis.absence)"))
struct RedisOddityTests {
  private func keys(_ bytes: [UInt8], _ name: String = "b.rdb", in database: Int = 0) async throws -> (Int64, RestoreReport) {
    try await RedisBench().keys(bytes, named: name, in: database)
  }

  private func command(_ words: String...) -> [UInt8] {
    Array(("*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()).utf8)
  }

  @Test("a file under any name, with odd keys of a high database")
  func names() async throws {
    let bytes = try await SampleRedis.backups().snapshot
    #expect(try await keys(bytes, "backup of $(id) <script>.sql").0 == Int64(SampleRedis.keys.0))
    #expect(try await keys(bytes, in: 3).0 == Int64(SampleRedis.keys.1))
    let high = Array("REDIS0009".utf8) + [0xFE, 0x43, 0xE7] + HandmadeRDB.entry("a", "b") + [0xFF] + [UInt8](repeating: 0, count: 8)
    #expect(try await keys(high, in: 999).0 == 1)
  }

  @Test("a file without a checksum, which is noted")
  func noChecksum() async throws {
    let (count, report) = try await keys(HandmadeRDB.file([HandmadeRDB.entry("a", "b")]))
    #expect(count == 1 && report.notes.contains { $0.contains("no checksum") })
  }

  @Test("a few empty keys among others, which is noted")
  func someSkipped() async throws {
    let (count, report) = try await keys(HandmadeRDB.file([HandmadeRDB.entry("a", "b"), HandmadeRDB.emptySet("e")]))
    #expect(count == 1 && report.notes.contains { $0.contains("1 keys hold nothing") })
  }

  @Test("an append-only file that ends inside a command, as a live copy does: what is lost is said")
  func cutTail() async throws {
    let log = try await SampleRedis.backups().log
    let (count, report) = try await keys(log.dropLast(5), "b.aof", in: 3)
    #expect(count == 2)
    #expect(report.notes.contains { $0.contains("ends inside a command") && $0.contains("dropped") }, "\(report.notes)")
    let (_, open) = try await keys(log + command("MULTI") + command("SET", "a", "b"), "b.aof")
    #expect(open.notes.contains { $0.contains("were dropped") }, "\(open.notes)")
  }

  @Test("a tar archive of appendonlydir, of the data directory around it and of an RDB file; not one that lacks a part or holds a link")
  func archives() async throws {
    let bench = try RedisBench()
    let parts = try await SampleRedis.backups().parts
    let place = try bench.directory(parts, "redis")
    let data = try await SampleRedis.backups().snapshot
    try Data(data).write(to: URL(fileURLWithPath: "\(bench.scratch.path)/dump.rdb"))
    func tar(_ script: String) throws -> [UInt8] {
      try HostProgram.run("/bin/bash", ["-ec", "cd \"$0\"; \(script)", bench.scratch.path])
      return TextFile.bytes("\(bench.scratch.path)/x.tar")
    }
    let wrapped = "mkdir -p a/var; mv redis a/var/appendonlydir"
    let all = Int64(SampleRedis.keys.0 + 10)
    #expect(try await keys(try tar("tar cf x.tar redis"), "x.tar").0 == all, "\(place)")
    #expect(try await keys(try tar("\(wrapped); tar cf x.tar a"), "x.tar").0 == all)
    #expect(try await keys(try tar("tar cf x.tar -C a/var/appendonlydir ."), "x.tar").0 == all)
    #expect(try await keys(try tar("tar cf x.tar dump.rdb"), "x.tar").0 == Int64(SampleRedis.keys.0))
    let linked = try tar("ln -s /etc/passwd a/var/appendonlydir/extra; tar cf x.tar a")
    #expect(try await RedisBench().fault(linked, named: "x.tar")?.code == .unsafeContent)
    let lacking = try tar("rm a/var/appendonlydir/extra a/var/appendonlydir/*.incr.aof; tar cf x.tar a")
    #expect(try await RedisBench().fault(lacking, named: "x.tar")?.code == .backupDamaged)
    #expect(try await RedisBench().fault(lacking.prefix(lacking.count / 2), named: "x.tar") != nil)
  }

  @Test("an append-only file of an old server, with its RDB beginning and commands behind it")
  func preamble() async throws {
    let base = try await SampleRedis.backups().parts.first { $0.key.hasSuffix("base.rdb") }?.value ?? []
    let (count, _) = try await keys(base + command("SELECT", "0") + command("SET", "later", "x"), "b.aof")
    #expect(count == Int64(SampleRedis.keys.0) + 1)
  }

  @Test("the commands behind an RDB beginning are replayed whatever the file is called")
  func preambleAsSnapshot() async throws {
    let base = try await SampleRedis.backups().parts.first { $0.key.hasSuffix("base.rdb") }?.value ?? []
    #expect(try await keys(base + command("SELECT", "0") + command("SET", "later", "x"), "dump.rdb").0 == Int64(SampleRedis.keys.0) + 1)
  }

  @Test("the newest annotation of an append-only file is the recovery point's time")
  func annotations() async throws {
    let log = Array("#TS:1700000000\r\n".utf8) + command("SET", "a", "#TS:1900000000\r\n") + Array("#TS:1700000100\r\n".utf8)
    #expect(try await keys(log + command("SET", "b", "x"), "b.aof").1.dataTime == Timestamp(seconds: 1_700_000_100))
    #expect(try await keys(command("SET", "b", "x"), "b.aof").1.dataTime == nil)
  }

  @Test("parts with their annotated times, also inside a copy of the whole data directory, and beside files that wait to be removed")
  func parts() async throws {
    let files = try await SampleRedis.backups().parts
    let bench = try RedisBench()
    var old = files
    let manifest = old.keys.first { $0.hasSuffix(".manifest") } ?? ""
    old[manifest]?.append(contentsOf: Array("file gone.base.rdb seq 9 type h\n# a remark\n".utf8))
    _ = try bench.directory(["dump.rdb": [1, 2]], "data")
    let path = try bench.directory(old, "data/appendonlydir")
    for place in [path, "\(bench.scratch.path)/data"] {
      let (count, time) = try await RedisBench().restore(place) { probes, report in
        (try await probes.keys?.count(KeySelection(prefix: Array("late".utf8)), timeout: .seconds(30)), report.dataTime)
      }
      #expect(count == 10)
      #expect(time.map { HostClocks().now() - $0 < .seconds(86_400) } == true)
    }
  }

  @Test("parts with a manifest of Windows, one that Redis did not come to rename, and increments of before and of no byte")
  func oddParts() async throws {
    var files = try await SampleRedis.backups().parts
    let manifest = try #require(files.keys.first { $0.hasSuffix(".manifest") })
    files[manifest] = files[manifest].map { Array(String(decoding: $0, as: UTF8.self).replacing("\n", with: "\r\n").utf8) }
    files["temp-\(manifest)"] = [1]
    files["appendonly.aof.0.incr.aof"] = command("SET", "old", "x")
    files["appendonly.aof.99.incr.aof"] = []
    let bench = try RedisBench()
    let count = try await bench.restore(try bench.directory(files)) { probes, _ in
      try await probes.keys?.count(KeySelection(prefix: Array("late".utf8)), timeout: .seconds(30))
    }
    #expect(count == 10)
  }

  @Test("the base of an append-only file in parts by itself, of which the record says that it is no more")
  func baseAlone() async throws {
    let base = try await SampleRedis.backups().parts.first { $0.key.hasSuffix("base.rdb") }?.value ?? []
    let (count, report) = try await keys(base, "b.rdb")
    #expect(count == Int64(SampleRedis.keys.0) && report.notes.contains { $0.contains("is the base of") }, "\(report.notes)")
  }

  @Test("a directory with one RDB file, dated by it")
  func dataDirectory() async throws {
    let bench = try RedisBench()
    let path = try bench.directory(["dump.rdb": try await SampleRedis.backups().snapshot, "nodes.conf": [1]], "data")
    #expect(try RedisEngine().inspect(try EngineDrive.head(path)).takenAt != nil)
    #expect(try await bench.restore(path) { probes, _ in try await probes.keys?.count(KeySelection(), timeout: .seconds(30)) } == 1150)
  }

  @Test("an append-only file that deletes everything is restored as empty, and the deep check says so")
  func flushed() async throws {
    let bench = try RedisBench()
    let path = try bench.scratch.file("b.aof", command("SET", "a", "b") + command("FLUSHALL"))
    let findings = try await bench.restore(path) { probes, _ in try await probes.deep?.check(.quick, timeout: .seconds(30)).findings }
    #expect(findings == ["the restored server holds no key"])
  }

  @Test("an append-only file with scripts and transactions")
  func scripts() async throws {
    let log =
      command("EVAL", "return redis.call('set', KEYS[1], ARGV[1])", "1", "a", "b") + command("MULTI") + command("SET", "c", "d")
      + command("EXEC")
    #expect(try await keys(log, "b.aof").0 == 2)
  }
}
