import DrillModel
import DrillTestSupport
import EngineKit
import Foundation
import Glibc
import MySQLReplay
import Selecting
import Testing
import ToolRunner

@testable import EngineMySQL

@Suite("Dumps rolled forward with binary logs", .serialized, .enabled(if: SampleMySQLLogs.isInstalled, "\(SampleMySQLLogs.absence)"))
struct MySQLLogTests {
  /// Restores a backup with logs and gives what `body` makes of it.
  private static func run<T>(
    _ backup: String, _ logs: String, target: ReplayTarget? = nil, at: Timestamp? = nil, whole: Bool? = nil, database: String? = nil,
    _ body: (Probes, RestoreReport) async throws -> T
  ) async throws -> T {
    var bench = try MySQLBench(database: database)
    bench.options.target = target
    bench.options.wholeServer = whole
    var context = bench.context()
    context.recoverTo = at
    context.logs = LogArchive(
      location: "directory \(logs)",
      listing: {
        try FileManager.default.contentsOfDirectory(atPath: logs).map {
          Artefact(location: "\(logs)/\($0)", name: $0, kind: .file, bytes: nil, modified: nil)
        }
      },
      opening: { OpenedLink(.stream(Descriptor(owning: Glibc.open($0.location, O_RDONLY | O_CLOEXEC)))) })
    let (restored, report) = try await EngineDrive.restore(MySQLEngine(bench.options), backup, context)
    let result: Result<T, any Error>
    do { result = .success(try await body(try await restored.probes(), report)) } catch { result = .failure(error) }
    try await restored.destroy()
    return try result.get()
  }

  private static func fault(
    _ backup: String, _ logs: String, target: ReplayTarget? = nil, whole: Bool? = nil, database: String? = nil
  ) async throws -> Fault? {
    do { return try await run(backup, logs, target: target, whole: whole, database: database) { _, _ in nil } } catch let fault as Fault {
      return fault
    }
  }

  @Test("a dump of one database takes what was logged for it to the end, whatever the session's database, mode and character set were")
  func one() async throws {
    let sample = try await SampleMySQLLogs.shared()
    for dump in [sample.dump("one"), sample.dump("gtid"), sample.directory] {
      try await Self.run(dump, sample.logs) { (probes, report) async throws -> Void in
        #expect(try await probes.count("orders") == 502)
        #expect(try await probes.value("select count(*) from orders where note = 'changed'") == "10")
        #expect(
          try await probes.value("select hex(group_concat(x order by id)) from loaded where id in (10, 11)")
            == Self.hex(#"a\,; drop user x; \"#))
        #expect(try await probes.value("select hex(x) from loaded where id = 12") == Self.hex(#"it's; "quoted" \"#))
        #expect(try await probes.value("select group_concat(id order by id) from noted") == "1,2,13")
        #expect(try await probes.value("select count(*) from loaded") == "6")
        #expect(try await probes.value("select count(*) from information_schema.schemata where schema_name in ('other', 'later')") == "0")
        #expect(try await probes.value("select @@local_infile + 2 * @@read_only") == "2")
        #expect(report.dataTime != nil && report.notes.contains { $0.contains("accounts and rights") }, "\(report.notes)")
        #expect(report.notes.contains { $0.contains("belongs to shop") })
      }
    }
  }

  private static func hex(_ text: String) -> String {
    text.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined()
  }

  @Test("a dump of all databases takes all that was logged, databases made later among it")
  func all() async throws {
    let sample = try await SampleMySQLLogs.shared()
    for (dump, whole) in [("all", nil), ("two", true)] as [(String, Bool?)] {
      try await Self.run(sample.dump(dump), sample.logs, whole: whole, database: "shop") { (probes, _) async throws -> Void in
        #expect(try await probes.count("shop.orders") == 502)
        #expect(try await probes.count("other.t") == 2)
        #expect(try await probes.count("later.t") == 1)
      }
    }
  }

  @Test("ends between two rows by time, position, transaction and `at`")
  func middle() async throws {
    let sample = try await SampleMySQLLogs.shared()
    let time = try #require(Timestamp(rfc3339: try sample.mark("middle-time")))
    let position = try #require(BinaryLogPosition(try sample.mark("middle-position")))
    let targets: [(String, ReplayTarget?, Timestamp?)] = [
      (sample.dump("one"), .time(time), nil), (sample.dump("gtid"), .position(position), nil),
      (sample.directory, .transaction(try sample.mark("middle-gtid")), nil), (sample.dump("one"), nil, time),
    ]
    for (dump, target, at) in targets {
      try await Self.run(dump, sample.logs, target: target, at: at) { (probes, report) async throws -> Void in
        #expect(try await probes.value("select count(*) from orders where id = 9001") == "1")
        #expect(try await probes.value("select count(*) from orders where id = 9002") == "0")
        #expect(report.dataTime.map { $0 <= time && $0 > time - .seconds(60) } == true)
      }
    }
  }

  @Test("a dump without a place, of some databases, or under another name is refused before anything is applied")
  func refused() async throws {
    let sample = try await SampleMySQLLogs.shared()
    let twice = TemporaryFolder("dmtwice")
    let both = "\(twice.path)/both.sql"
    let other = TextFile.bytes(sample.dump("one")).replacing("MASTER_LOG_POS=", with: "MASTER_LOG_POS=1")
    try Data(TextFile.bytes(sample.dump("one")) + other).write(to: URL(fileURLWithPath: both))
    for (dump, database, words) in [
      (sample.dump("none"), nil, "does not say where"), (sample.dump("two"), nil, "whole-server"),
      (sample.dump("one"), "copy", "logs name it"),
      (both, nil, "2 places"),
    ] as [(String, String?, String)] {
      let fault = try await Self.fault(dump, sample.logs, database: database)
      #expect(fault?.code == .configuration && fault?.description.contains(words) == true, "\(fault?.description ?? "restored")")
    }
  }

  @Test("a statement that the reader would leave out, since its session was in another database, is never lost unseen")
  func crossed() async throws {
    let sample = try await SampleMySQLLogs.shared()
    let fault = try await Self.fault(sample.dump("one"), sample.crossed)
    #expect(
      fault?.code == .configuration && fault?.description.contains("binlog_format=ROW") == true, "\(fault?.description ?? "restored")")
    try await Self.run(sample.dump("all"), sample.crossed, database: "shop") { (probes, _) async throws -> Void in
      #expect(try await probes.value("select count(*) from shop.orders where note = 'crossed'") == "1")
    }
    for (text, isNamed) in [
      ("update shop.t set a = 1", true), ("insert into `Shop` . `t` values (1)", true), ("update workshop.t set a = 1", false),
      ("insert into t values ('shop')", false), ("drop table shop_old.t", false), ("delete from x.t, shop.", true),
    ] { #expect(DumpReplay.names("shop", in: Array(text.utf8)) == isNamed, "\(text)") }
    for harmless in ["GRANT SELECT ON shop.* TO a@b", "BEGIN", "create table other.t(a int)"] {
      try DumpReplay.judge(LoggedStatement(database: "", text: Array(harmless.utf8)), "shop")
    }
    #expect(throws: Fault.self) { try DumpReplay.judge(LoggedStatement(database: "x", text: nil), "shop") }
  }

  @Test("a hole, a purged, cut or foreign log, and a target that is not reached are told apart")
  func broken() async throws {
    let sample = try await SampleMySQLLogs.shared()
    let folder = TemporaryFolder("dmbroken")
    func changed(_ name: String, _ script: String) throws -> String {
      try HostProgram.run("/bin/bash", ["-ec", "cp -r \"$0\" \"$1\"; cd \"$1\"; \(script)", sample.logs, "\(folder.path)/\(name)"])
      return "\(folder.path)/\(name)"
    }
    let cases: [(String, ReplayTarget?, String)] = [
      (try changed("purged", "rm bin.000001 bin.000002"), nil, "bin.000002, in which the backup ends, is missing"),
      (try changed("hole", "rm bin.000003"), nil, "bin.000003 is missing"),
      (try changed("cut", "truncate -s -30 bin.000003"), nil, "bin.000003"),
      (try changed("none", "rm *"), nil, "holds no binary log"),
      (sample.foreign, nil, "another server"),
      (sample.logs, .transaction("0-7-9999"), "never reached"),
      (sample.logs, .time(try #require(Timestamp(rfc3339: "2020-01-01T00:00:00Z"))), "before the end of the backup"),
    ]
    for (logs, target, words) in cases {
      let fault = try await Self.fault(sample.dump("one"), logs, target: target)
      #expect(fault?.description.contains(words) == true, "\(fault?.description ?? "restored")")
    }
  }

  /// A copy of the sample's logs with one of them changed, which is handed over with the places of its events.
  private static func logs(
    _ folder: TemporaryFolder, _ name: String, _ change: (inout [UInt8], _ events: [(offset: Int, type: UInt8)]) throws -> Void
  ) async throws -> String {
    let copy = "\(folder.path)/logs-\(name)"
    try FileManager.default.copyItem(atPath: try await SampleMySQLLogs.shared().logs, toPath: copy)
    var bytes = TextFile.bytes("\(copy)/\(name)")
    var events: [(Int, UInt8)] = []
    var place = 4
    while place + 19 <= bytes.count {
      events.append((place, bytes[place + 4]))
      place += (0..<4).reduce(0) { $0 | Int(bytes[place + 9 + $1]) << ($1 * 8) }
    }
    try change(&bytes, events)
    try Data(bytes).write(to: URL(fileURLWithPath: "\(copy)/\(name)"))
    return copy
  }

  @Test("a log that lost a transaction in its middle, or the end of its last one, fails")
  func lostTransactions() async throws {
    let (dump, folder) = (try await SampleMySQLLogs.shared().dump("one"), TemporaryFolder("dmlost"))
    let hole = try await Self.logs(folder, "bin.000004") { bytes, events in
      let begins = events.filter { $0.type == 162 }.map(\.offset)
      bytes.removeSubrange(begins[1]..<begins[2])
    }
    #expect(try await Self.fault(dump, hole)?.message.contains("was lost or put in") == true)
    let open = try await Self.logs(folder, "bin.000003") { bytes, events in
      bytes.removeSubrange(try #require(events.last { $0.type == 16 }).offset...)
    }
    #expect(try await Self.fault(dump, open)?.message.contains("something is missing between them") == true)
  }

  @Test("the last log, copied while its server wrote it, is applied up to its last whole transaction", arguments: [0, 5])
  func lastInUse(_ more: Int) async throws {
    let (dump, folder) = (try await SampleMySQLLogs.shared().dump("one"), TemporaryFolder("dmlast"))
    let logs = try await Self.logs(folder, "bin.000004") { bytes, events in
      bytes.removeSubrange((try #require(events.last { $0.type == 16 }).offset + more)...)
      bytes[4 + 17] |= 1
    }
    try await Self.run(dump, logs) { (probes, report) async throws -> Void in
      // The last transaction deletes one.
      #expect(try await probes.count("orders") == 503)
      #expect(report.notes.contains { $0.contains("ends within a transaction") }, "\(report.notes)")
    }
  }

  @Test("places are read from every form in which tools write them")
  func forms() {
    var found = DumpCoordinates()
    found.take(comment: "-- CHANGE REPLICATION SOURCE TO SOURCE_LOG_FILE='binlog.000042', SOURCE_LOG_POS=157;")
    found.take("CHANGE MASTER 'one' TO MASTER_LOG_FILE='binlog.000042', MASTER_LOG_POS=157")
    found.take(comment: "-- SET GLOBAL gtid_slave_pos='0-7-4,1-8-9';")
    found.take(comment: "-- the text CHANGE MASTER TO MASTER_LOG_FILE='x.000001', MASTER_LOG_POS=4;")
    found.take(comment: "-- CHANGE MASTER TO MASTER_LOG_FILE='../../etc/passwd', MASTER_LOG_POS=4;")
    #expect(found.positions.map(\.description) == ["binlog.000042:157"] && found.transactions == ["0-7-4", "1-8-9"])
    let ini = """
      # Started dump at: 2026-11-21 22:50:30
      [config]
      quote-character = BACKTICK
      [master]
      # Channel_Name = '' # It can be use to setup replication FOR CHANNEL
      File = binlog.000003
      Position = 4711
      Executed_Gtid_Set = 0-7-4

      [replication]
      File = relay.000009
      Position = 5
      # Finished dump at: 2026-11-21 22:50:31
      """
    #expect(MyDumperDirectory.coordinates(ini)?.positions.map(\.description) == ["binlog.000003:4711"])
    #expect(MyDumperDirectory.coordinates(ini)?.transactions == ["0-7-4"])
    let slave = "SHOW SLAVE STATUS:\n\tHost: a\n\tLog: other.000001\n\tPos: 5\n\tGTID:\n"
    #expect(MyDumperDirectory.coordinates(slave) == nil)
    #expect(
      MyDumperDirectory.coordinates("SHOW MASTER STATUS:\n\tLog: bin.000001\n\tPos: 917\n\tGTID:0-7-4\n\n\(slave)")?.positions.count == 1)
  }
}
