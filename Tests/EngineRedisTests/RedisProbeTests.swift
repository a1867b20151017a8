import Digesting
import DrillModel
import DrillTestSupport
import EngineKit
import EngineRedis
import Foundation
import Testing
import ToolRunner

@Suite("What a restored Redis answers", .enabled(if: SampleRedis.isInstalled, "\(SampleRedis.absence)"))
struct RedisProbeTests {
  private func probe<T>(_ body: (any KeyProbe, any DeepProbe) async throws -> T) async throws -> T {
    let bench = try RedisBench()
    return try await bench.restore(try bench.scratch.file("b.rdb", try await SampleRedis.backups().snapshot)) { probes, _ in
      guard let keys = probes.keys, let deep = probes.deep else { throw Fault(.internalError, "no probes") }
      return try await body(keys, deep)
    }
  }

  @Test("keys are counted by database, prefix, pattern, type and whether they expire")
  func counts() async throws {
    try await probe { (keys: any KeyProbe, _) async throws in
      func count(_ selection: KeySelection) async throws -> Int64 { try await keys.count(selection, timeout: .seconds(30)) }
      #expect(try await count(KeySelection()) == 1150)
      #expect(try await count(KeySelection(database: 3)) == 3)
      #expect(try await count(KeySelection(database: 7)) == 0)
      #expect(try await count(KeySelection(prefix: Array("k".utf8))) == 1000)
      #expect(try await count(KeySelection(database: 3, prefix: Array("odd k".utf8))) == 1)
      #expect(try await count(KeySelection(pattern: Array("[hs]1?".utf8))) == 20)
      #expect(try await count(KeySelection(type: "hash")) == 20)
      #expect(try await count(KeySelection(pattern: Array("*1".utf8), type: "zset")) == 2)
      #expect(try await count(KeySelection(expires: true)) == 50)
      #expect(try await count(KeySelection(prefix: Array("e".utf8), expires: false)) == 0)
      #expect(try await count(KeySelection(prefix: Array("e".utf8), expires: true)) == 50)
      // What has a meaning in a glob is only a byte in a prefix.
      #expect(try await count(KeySelection(prefix: Array("[hs]".utf8))) == 0)
      await #expect(throws: ProbeError.self) { try await count(KeySelection(database: 5000)) }
    }
  }

  @Test("digests of every type are those of their written form")
  func digests() async throws {
    func hex(_ text: String) -> String { Hexadecimal.encode(SHA256.digest(of: text.utf8)) }
    try await probe { (keys: any KeyProbe, _) async throws in
      let names = ["k1", "h1", "s1", "z1", "l1", "none"].map { Array($0.utf8) }
      let found = try await keys.digests(ofValues: names, database: nil, timeout: .seconds(30)).map { $0.map { Hexadecimal.encode($0) } }
      let fields = ["\(hex("a")) \(hex("1"))", "\(hex("b")) \(hex("2"))"].sorted().joined(separator: "\n")
      let members = [hex("x"), hex("y"), hex("z")].sorted().joined(separator: "\n")
      #expect(
        found == [
          hex(String(repeating: "v", count: 50)), hex("hash\n\(fields)\n"), hex("set\n\(members)\n"),
          hex("zset\n\(hex("a")) 1.0\n\(hex("b")) 2.5\n"), hex("list\n\(hex("a"))\n\(hex("b"))\n\(hex("c"))\n"), nil,
        ])
      let other = try await keys.digests(ofValues: [Array("here".utf8)], database: 3, timeout: .seconds(30))
      #expect(other == [SHA256.digest(of: "1".utf8)])
    }
  }

  @Test("times to live are those of the keys that have one")
  func lifetimes() async throws {
    try await probe { (keys: any KeyProbe, _) async throws in
      let all = try await keys.lifetimes(KeySelection(), timeout: .seconds(30))
      #expect(all.count == 50)
      #expect((all.longest ?? .zero) <= .seconds(1_000_000) && (all.shortest ?? .zero) > .seconds(990_000))
      #expect(try await keys.lifetimes(KeySelection(prefix: Array("k".utf8)), timeout: .seconds(30)).count == 0)
      await #expect(throws: ProbeError.self) { try await keys.revision(timeout: .seconds(1)) }
    }
  }

  @Test("the deep check reads everything and finds nothing wrong with a good backup")
  func deep() async throws {
    try await probe { (_, deep: any DeepProbe) async throws in
      for level in DeepLevel.allCases {
        let result = try await deep.check(level, timeout: .seconds(60))
        #expect(result.findings.isEmpty, "\(result.findings)")
        #expect(result.scope.contains("1153 keys of 2 databases"))
      }
    }
  }

  @Test("long strings and large collections are digested in steps")
  func long() async throws {
    let big = String(repeating: "x", count: 3 << 20)
    let members = (0..<2500).map { "member\($0)" }
    func command(_ words: [String]) -> String { "*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined() }
    let log = command(["SET", "big", big]) + command(["RPUSH", "list", big] + members) + command(["SADD", "set"] + members)
    let bench = try RedisBench()
    let found = try await bench.restore(try bench.scratch.file("b.aof", log.utf8)) { probes, _ in
      try await probes.keys?.digests(ofValues: ["big", "list", "set"].map { Array($0.utf8) }, database: nil, timeout: .seconds(60))
    }
    func hex(_ text: String) -> String { Hexadecimal.encode(SHA256.digest(of: text.utf8)) }
    let list = ([big] + members).map(hex).joined(separator: "\n")
    #expect(
      found == [
        SHA256.digest(of: big.utf8), SHA256.digest(of: "list\n\(list)\n".utf8),
        SHA256.digest(of: "set\n\(members.map(hex).sorted().joined(separator: "\n"))\n".utf8),
      ])
  }
}

@Suite("A scratch Redis that misbehaves", .enabled(if: SampleRedis.isInstalled, "\(SampleRedis.absence)"))
struct RedisServerFaultTests {
  /// Tools among which a script stands for the server; it tells its version as the real one does.
  private struct Stands: ToolRunning {
    let script: String

    func locate(_ name: String, in directories: [String], package: String?) throws -> String {
      name == "redis-server" ? script : try RedisBench.tools.locate(name, in: directories, package: package)
    }

    func start(_ command: ToolCommand) throws -> any RunningTool {
      var command = command
      // A script needs its shell and more of the host than a server's box has.
      if command.executable == script { command.box = nil }
      return try RedisBench.tools.start(command)
    }
  }

  private func bench(_ body: String) throws -> RedisBench {
    var bench = try RedisBench()
    let text = "#!/bin/bash\n[ \"$1\" = --version ] && { echo 'Redis server v=7.0.15 sha=0'; exit 0; }\n\(body)\n"
    let script = try bench.scratch.file("redis-server", text.utf8)
    chmod(script, 0o755)
    bench.tools = Stands(script: script)
    return bench
  }

  private var good: [UInt8] { HandmadeRDB.file([HandmadeRDB.entry("a", "b")]) }

  @Test("one that refuses to start says nothing about the backup")
  func refuses() async throws {
    let fault = try await bench("echo '1:M 21 Nov 2026 22:43:07.123 # Failed opening Unix socket: bind: Permission denied'; exit 1").fault(
      good)
    #expect(fault?.code == .toolFailed && fault?.message.contains("Permission denied") == true, "\(fault?.description ?? "loaded")")
  }

  @Test("one that is killed while it loads says nothing about the backup, one that crashes does")
  func dies() async throws {
    #expect(try await bench("echo '1:M 21 Nov 2026 22:43:07.123 * Loading RDB'; kill -9 $$").fault(good)?.code == .toolFailed)
    let crash = try await bench("echo '=== REDIS BUG REPORT START: Cut & paste'; kill -6 $$").fault(good)
    #expect(crash?.code == .restoreFailed, "\(crash?.description ?? "loaded")")
  }

  @Test("one that ends with status 0 without having been ready is no success")
  func endsWell() async throws {
    let fault = try await bench("exit 0").fault(good)
    #expect(fault?.code == .toolFailed, "\(fault?.description ?? "loaded")")
  }

  @Test("one that is ready without having loaded anything is no success")
  func loadsNothing() async throws {
    let fault = try await bench("echo '1:M 21 Nov 2026 22:43:07.123 * Ready to accept connections'; sleep 30").fault(good)
    #expect(fault?.code == .notReady, "\(fault?.description ?? "loaded")")
  }

  @Test("one that hangs is ended with the restore")
  func hangs() async throws {
    let bench = try bench("trap '' TERM; sleep 300 & wait; sleep 300")
    let path = try bench.scratch.file("b.rdb", good)
    let task = Task { try await EngineDrive.restore(RedisEngine(), path, bench.context()) }
    try await Task.sleep(for: .milliseconds(500))
    let start = ContinuousClock.now
    task.cancel()
    await #expect(throws: (any Error).self) { _ = try await task.value }
    #expect(ContinuousClock.now - start < .seconds(20))
  }

  @Test("one that runs out of memory says nothing about the backup")
  func memory() async throws {
    let fault = try await bench("echo '1:M 21 Nov 2026 22:43:07.123 # Out Of Memory allocating 123 bytes!'; kill -6 $$").fault(good)
    #expect(fault?.code == .toolFailed && fault?.message.contains("memory") == true, "\(fault?.description ?? "loaded")")
  }

  @Test("an old server and a missing one are told with what to install")
  func versions() async throws {
    let bench = try bench("exit 1")
    let text = "#!/bin/bash\necho 'Redis server v=6.0.16 sha=0'\n"
    let script = try bench.scratch.file("old", text.utf8)
    chmod(script, 0o755)
    let old = await #expect(throws: Fault.self) { try await RedisEngine().preflight(bench.scratch.context(tools: Stands(script: script))) }
    #expect(old?.code == .toolTooOld)
    let none = await #expect(throws: Fault.self) { try await RedisEngine().preflight(bench.scratch.context()) }
    #expect(none?.code == .toolMissing && none?.advice?.contains("redis-server") == true)
  }
}
