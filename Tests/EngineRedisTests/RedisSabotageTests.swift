import DrillModel
import DrillTestSupport
import EngineKit
import EngineRedis
import Foundation
import Testing
import ToolRunner

@Suite("Sabotaged Redis backups are caught", .enabled(if: SampleRedis.isInstalled, "\(SampleRedis.absence)"))
struct RedisSabotageTests {
  private func fault(_ bytes: [UInt8], _ name: String = "b.rdb") async throws -> Fault? { try await RedisBench().fault(bytes, named: name) }

  private func flipped(_ bytes: [UInt8], _ offset: Int) -> [UInt8] {
    var copy = bytes
    copy[offset] ^= 1
    return copy
  }

  private func command(_ words: String...) -> [UInt8] {
    Array(("*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()).utf8)
  }

  @Test("a flipped byte in an RDB file, wherever it is, fails", arguments: [0.02, 0.1, 0.35, 0.6, 0.85, 0.999])
  func flippedByte(_ part: Double) async throws {
    let bytes = try await SampleRedis.backups().snapshot
    let fault = try await fault(flipped(bytes, Int(Double(bytes.count) * part)))
    #expect([.backupDamaged, .backupTruncated, .restoreFailed].contains(fault?.code), "\(fault?.description ?? "loaded")")
  }

  @Test("a wrong checksum, and one that is cut off, are told apart")
  func checksum() async throws {
    let bytes = try await SampleRedis.backups().snapshot
    let wrong = try await fault(flipped(bytes, bytes.count - 3))
    #expect(wrong?.code == .backupDamaged && wrong?.message.contains("checksum") == true, "\(wrong?.description ?? "loaded")")
    let cut = try await fault(Array(bytes.dropLast(4)))
    #expect(cut?.code == .backupTruncated, "\(cut?.description ?? "loaded")")
  }

  @Test("a file that ends in zeros, as after a crash of the copying host, fails")
  func zeros() async throws {
    let bytes = try await SampleRedis.backups().snapshot
    let fault = try await fault(bytes.prefix(bytes.count / 2) + [UInt8](repeating: 0, count: bytes.count / 2))
    #expect(fault?.code.verdict == .failed, "\(fault?.description ?? "loaded")")
  }

  @Test("a server that is up and empty because every key was skipped fails")
  func emptyButUp() async throws {
    let fault = try await fault(HandmadeRDB.file((0..<9).map { HandmadeRDB.emptySet("k\($0)") }))
    #expect(fault?.code == .backupDamaged && fault?.message.contains("up and empty") == true, "\(fault?.description ?? "loaded")")
  }

  @Test(
    "a newer format and a file of Valkey say that the tool is too old, not that the backup is bad", arguments: ["REDIS0099", "VALKEY080"])
  func newer(_ version: String) async throws {
    let fault = try await fault(HandmadeRDB.file(version: version, [HandmadeRDB.entry("a", "b")]))
    #expect(fault?.code == .toolTooOld, "\(fault?.description ?? "loaded")")
  }

  @Test("a type that no version knows, and a length that no file has, fail")
  func nonsense() async throws {
    let type = try await fault(HandmadeRDB.file([[0x63] + HandmadeRDB.string("a") + HandmadeRDB.string("b")]))
    #expect(type?.code == .backupDamaged, "\(type?.description ?? "loaded")")
    let length = try await fault(HandmadeRDB.file([[0] + HandmadeRDB.string("a") + [0x80, 0x7F, 0xFF, 0xFF, 0xFF, 1, 2]]))
    #expect([.backupTruncated, .backupDamaged].contains(length?.code), "\(length?.description ?? "loaded")")
  }

  @Test("a set of integers that lies about itself is found on load")
  func brokenEncoding() async throws {
    // Type 11: an intset in a string, which says that it has many more members than bytes.
    let intset: [UInt8] = [2, 0, 0, 0, 200, 0, 0, 0, 1, 0]
    let fault = try await fault(HandmadeRDB.file([[11] + HandmadeRDB.string("s") + [UInt8(intset.count)] + intset]))
    #expect(fault?.code.verdict == .failed, "\(fault?.description ?? "loaded")")
  }

  @Test("an append-only file with garbage in its middle, or with zeros at its end, fails")
  func brokenLog() async throws {
    let log = try await SampleRedis.backups().log
    for bad in [log + Array("xxxx\r\n".utf8) + command("SET", "a", "b"), log + [UInt8](repeating: 0, count: 4096)] {
      let fault = try await fault(bad, "b.aof")
      #expect(fault?.code == .backupDamaged, "\(fault?.description ?? "loaded")")
    }
  }

  @Test("a command that fails when it is replayed means that the data is not what it was")
  func failingCommand() async throws {
    let fault = try await fault(command("SET", "a", "b") + command("LPUSH", "a", "x"), "b.aof")
    #expect(fault?.code == .backupDamaged && fault?.message.contains("lpush") == true, "\(fault?.description ?? "loaded")")
  }

  @Test(
    "commands that reach for the host or for other servers are refused",
    arguments: [
      ["REPLICAOF", "127.0.0.1", "6379"], ["config", "set", "dir", "/tmp"], ["MODULE", "LOAD", "/tmp/x.so"], ["SHUTDOWN"],
      ["DEBUG", "SLEEP", "0"],
    ])
  func forbidden(_ words: [String]) async throws {
    let text = "*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
    let fault = try await fault(command("SET", "a", "b") + Array(text.utf8), "b.aof")
    #expect(fault?.code == .unsafeContent && fault?.message.contains(words[0].uppercased()) == true, "\(fault?.description ?? "loaded")")
  }

  @Test("a command of a module or a newer server is no damage, a command that is none is")
  func unknownCommand() async throws {
    #expect(try await fault(command("JSON.SET", "a", "$", "1"), "b.aof")?.code == .toolTooOld)
    #expect(try await fault(command("S\u{1}T", "a", "1"), "b.aof")?.code == .backupDamaged)
  }

  @Test("an append-only file that is cut inside its RDB beginning fails")
  func cutPreamble() async throws {
    let backups = try await SampleRedis.backups()
    let base = backups.parts.first { $0.key.hasSuffix("base.rdb") }?.value ?? []
    let fault = try await fault(Array(base.prefix(base.count / 2)), "b.aof")
    #expect(fault?.code == .backupTruncated, "\(fault?.description ?? "loaded")")
  }

  @Test(
    "a directory that lacks a part, its manifest, or order in its manifest fails",
    arguments: ["base", "incr", "manifest", "order", "garbage"])
  func parts(_ what: String) async throws {
    var files = try await SampleRedis.backups().parts
    let manifest = files.keys.first { $0.hasSuffix(".manifest") } ?? ""
    switch what {
    case "order": files[manifest]?.append(contentsOf: Array("file z.incr.aof seq 1 type i\n".utf8))
    case "garbage": files[manifest] = Array("hello\n".utf8)
    default: for name in files.keys where name.contains(what) { files[name] = nil }
    }
    let bench = try RedisBench()
    let fault = try await bench.fault(at: try bench.directory(files))
    #expect(fault?.code == .backupDamaged, "\(fault?.description ?? "loaded")")
  }

  @Test(
    "a base that was emptied, one that the manifest no longer names, and an increment that it does not name yet",
    arguments: [("hollow", FaultCode.backupTruncated), ("headless", .backupDamaged), ("old", .backupDamaged), ("cut", .backupDamaged)])
  func manifest(_ what: String, _ code: FaultCode) async throws {
    let parts = try await SampleRedis.backups().parts
    var files = parts.filter { !$0.key.hasSuffix(".manifest") }
    let base = try #require(files.keys.first { $0.hasSuffix(".base.rdb") })
    let increment = try #require(files.keys.first { $0.hasSuffix(".incr.aof") })
    var lines = ["file \(base) seq 2 type b", "file \(increment) seq 2 type i"]
    switch what {
    case "hollow": files[base] = []
    case "headless": lines.removeFirst()
    case "old": files["appendonly.aof.99.incr.aof"] = command("SET", "new", "x")
    default: lines.removeLast()
    }
    files["appendonly.aof.manifest"] = Array(lines.map { "\($0)\n" }.joined().utf8)
    let bench = try RedisBench()
    let fault = try await bench.fault(at: try bench.directory(files))
    #expect(fault?.code == code, "\(what): \(fault?.description ?? "loaded")")
  }

  @Test("what follows the end of an RDB file is found by the deep check")
  func surplus() async throws {
    let bytes = try await SampleRedis.backups().snapshot
    let bench = try RedisBench()
    let findings = try await bench.restore(try bench.scratch.file("b.rdb", bytes + bytes)) { probes, _ in
      try await probes.deep?.check(.quick, timeout: .seconds(30)).findings
    }
    #expect(findings?.count == 1 && findings?.first?.hasPrefix("\(bytes.count) bytes follow") == true, "\(findings ?? [])")
  }

  @Test("a key that is there twice makes Redis stop itself, and is told as damage of the file")
  func twice() async throws {
    let base = HandmadeRDB.file(aux: [("aof-base", "1")], [HandmadeRDB.entry("a", "b"), HandmadeRDB.entry("a", "c")])
    let fault = try await fault(base, "b.aof")
    #expect(fault?.code == .backupDamaged && fault?.message.contains("uplicated key") == true, "\(fault?.description ?? "loaded")")
  }

  @Test("a part that others follow must not end inside a command")
  func cutMiddlePart() async throws {
    let whole = command("SET", "a", "b")
    let files: [String: [UInt8]] = [
      "appendonly.aof.1.incr.aof": Array((whole + whole).dropLast(3)), "appendonly.aof.2.incr.aof": whole,
      "appendonly.aof.manifest": Array("file appendonly.aof.1.incr.aof seq 1 type i\nfile appendonly.aof.2.incr.aof seq 2 type i\n".utf8),
    ]
    let bench = try RedisBench()
    let fault = try await bench.fault(at: try bench.directory(files))
    #expect([.backupTruncated, .backupDamaged].contains(fault?.code), "\(fault?.description ?? "loaded")")
  }

  @Test("a cut end is refused where the drill says so")
  func strictTail() async throws {
    var bench = try RedisBench()
    bench.options.cutTail = .refuse
    let fault = try await bench.fault(try await SampleRedis.backups().log.dropLast(5), named: "b.aof")
    #expect(fault?.code == .backupTruncated, "\(fault?.description ?? "loaded")")
  }

  @Test("more data than the declared limit is not written")
  func limit() async throws {
    let bench = try RedisBench()
    let path = try bench.scratch.file("b.aof", try await SampleRedis.backups().log)
    var context = bench.context()
    context.limits.bytes = 10_000
    let fault = await #expect(throws: Fault.self) { try await EngineDrive.restore(RedisEngine(), path, context) }
    #expect(fault?.code == .unsafeContent)
  }

  @Test("a directory of something else, of two files, and a file of something else are told")
  func foreign() async throws {
    let bench = try RedisBench()
    #expect(try await bench.fault(at: try bench.directory(["a.txt": [1]], "x"))?.code == .backupWrongFormat)
    #expect(try await bench.fault(at: try bench.directory(["a.rdb": [1], "b.rdb": [1]], "y"))?.code == .backupWrongFormat)
    #expect(try await bench.fault(Array("SQLite format 3\0".utf8))?.code == .backupWrongFormat)
    #expect(try await bench.fault(Array("-- MySQL dump 10.13".utf8))?.message.contains("MySQL") == true)
    #expect(try await bench.fault(Array("REDISxyz1".utf8))?.code == .backupDamaged)
  }
}
