import DrillModel
import DrillTestSupport
import EngineKit
import EnginePostgreSQLPhysical
import Foundation
import Testing
import ToolRunner

@Suite("Physical backups that are not", .serialized, .enabled(if: SamplePostgreSQL.binaries != nil, "\(SamplePostgreSQL.absence)"))
struct SabotagedBackupTests {
  /// One way to break a backup, and what must be said of it.
  struct Sabotage: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let script: String
    let code: FaultCode
    let words: String
    var source: SampleCluster.Part = .plain
    var log: SampleCluster.Part? = .log

    init(
      _ name: String, _ script: String, _ code: FaultCode, _ words: String, source: SampleCluster.Part = .plain,
      log: SampleCluster.Part? = .log
    ) {
      testDescription = name
      self.script = script
      self.code = code
      self.words = words
      self.source = source
      self.log = log
    }
  }

  /// `$1` is the file; the byte at a place is turned over.
  private static let flip =
    "flip() { b=$(od -An -tu1 -j$2 -N1 $1); printf \"\\\\$(printf %03o $((b ^ 255)))\" | dd of=$1 bs=1 seek=$2 conv=notrunc status=none; }; "
  private static let middle = "m=$(ls wal | grep -x '00000001.\\{16\\}' | tail -3 | head -1); "
  private static let newest = "m=$(ls wal | grep -x '00000001.\\{16\\}' | tail -1); "

  static let all: [Sabotage] = [
    Sabotage("a segment missing in the middle", middle + "rm wal/$m", .restoreFailed, "has a hole"),
    Sabotage(
      "the log from the backup's start missing", "rm -f wal/*; rm -rf backup/pg_wal/0*; touch wal/000000010000000000000099", .restoreFailed,
      "begins with"),
    Sabotage("an empty log archive", "rm -f wal/*", .nothingToRestore, "holds no segment"),
    Sabotage("a cut segment", middle + "truncate -s 5M wal/$m", .backupTruncated, "is cut"),
    Sabotage("a cut compressed segment", middle + "gzip wal/$m; truncate -s 9000 wal/$m.gz", .backupTruncated, "is cut"),
    Sabotage("an empty segment", middle + ": > wal/$m", .backupTruncated, "holds 0 bytes"),
    Sabotage("a segment that is too long", middle + "echo x >> wal/$m", .backupDamaged, "too long"),
    Sabotage("a flipped byte in a record", flip + middle + "flip wal/$m 80", .backupDamaged, "damaged"),
    Sabotage("a flipped byte in the newest segment's record", flip + newest + "flip wal/$m 80", .backupDamaged, "damaged"),
    Sabotage(
      "zeros in the middle of the log", middle + SampleCluster.shorten("wal/$m"), .backupDamaged, "damaged"),
    Sabotage("a segment under another's name", newest + "o=$m; " + middle + "cp wal/$o wal/$m", .backupDamaged, "another part"),
    Sabotage(
      "another server's archive", flip + "for f in wal/????????????????????????; do flip $f 24; done", .restoreFailed, "another server's"),
    Sabotage("a page for a segment", middle + "echo '<html>503</html>' > wal/$m", .backupTruncated, "is cut"),
    Sabotage(
      "a missing history file", "rm wal/00000002.history", .restoreFailed, "history file of timeline 2 is missing", log: .branchedLog),
    Sabotage("a foreign timeline", "printf '7\\t0/5000000\\tx\\n' > wal/00000009.history", .restoreFailed, "does not come from"),
    Sabotage(
      "a timeline that left before the backup", "printf '1\\t0/1000060\\tx\\n' > wal/00000002.history", .restoreFailed, "left the backup's"),
    Sabotage("a damaged history file", "printf 'x\\ty\\n' > wal/00000002.history", .backupDamaged, "history file"),
    Sabotage("no label", "rm backup/backup_label", .backupDamaged, "backup_label"),
    Sabotage("no label and no manifest", "rm backup/backup_label backup/backup_manifest", .restoreFailed, "silently"),
    Sabotage(
      "a label without its position", "echo x > backup/backup_label; rm backup/backup_manifest", .backupDamaged, "backup_label is damaged"),
    Sabotage("a file missing", "rm backup/base/1/1259", .backupDamaged, "1259"),
    Sabotage("a flipped byte in a page", flip + "flip backup/base/1/1259 5000", .backupDamaged, "checksum mismatch"),
    Sabotage("a cut file", "truncate -s 8192 backup/base/1/1259", .backupDamaged, "has size"),
    Sabotage("a cut manifest", "truncate -s 9000 backup/backup_manifest", .backupTruncated, "backup_manifest"),
    Sabotage("no control file", "rm backup/global/pg_control backup/backup_manifest", .backupTruncated, "pg_control"),
    Sabotage("a damaged control file", flip + "flip backup/global/pg_control 60; rm backup/backup_manifest", .backupDamaged, "pg_control"),
    Sabotage("no log at all", "rm -f backup/pg_wal/0*; rm backup/backup_manifest", .restoreFailed, "checkpoint record", log: nil),
    Sabotage(
      "a damaged log in the backup", flip + "for f in backup/pg_wal/0*; do flip $f 100; done; rm backup/backup_manifest", .restoreFailed,
      "incorrect resource manager data checksum", log: nil),
    Sabotage("a dump", "rm -rf backup; mkdir backup; touch backup/toc.dat", .backupWrongFormat, "pg_dump"),
    Sabotage("a directory of log alone", "rm -rf backup; cp -r wal backup", .backupWrongFormat, "without a base backup"),
    Sabotage("a missing major version", "echo 13 > backup/PG_VERSION", .toolMissing, "PostgreSQL 13"),
    Sabotage(
      "a tablespace outside", "ln -s /srv/space backup/pg_tblspc/16400; rm backup/backup_manifest", .restoreFailed, "tablespace 16400"),
    Sabotage(
      "an archive without its tablespaces", "printf '16400 /srv/space\\n' > backup/tablespace_map; rm backup/backup_manifest",
      .restoreFailed,
      "tablespace 16400"),
    Sabotage(
      "the label of a later backup",
      "sed -i 's#^START WAL LOCATION: [^ ]*#START WAL LOCATION: 0/7000028#' backup/backup_label; rm backup/backup_manifest", .backupDamaged,
      "belongs to another backup"),
    Sabotage(
      "the label of an earlier backup",
      "sed -i 's#^START WAL LOCATION: [^ ]*#START WAL LOCATION: 0/1000028#' backup/backup_label; rm backup/backup_manifest; "
        + "printf 'START WAL LOCATION: 0/1000028 (file x)\\nSTOP WAL LOCATION: 0/1000100 (file x)\\n' "
        + "> wal/000000010000000000000001.00000028.backup", .backupDamaged, "ended at 0/1000100"),
    Sabotage("a cut archive", "truncate -s 400000 backup/base.tar.gz", .backupTruncated, "is cut", source: .archives),
    Sabotage(
      "archives of another backup's log",
      "cd backup; mkdir x; head -c 16M /dev/zero > x/0000000100000000000000AA; tar -C x -czf pg_wal.tar.gz .", .restoreFailed,
      "checkpoint record",
      source: .archives, log: nil),
  ]

  @Test("each is told apart, and none is green", arguments: all)
  func sabotaged(_ sabotage: Sabotage) async throws {
    let bench = try await PhysicalBench().prepare(sabotage.source, log: sabotage.log, sabotage.script)
    let fault = await bench.fault()
    #expect(
      fault?.code == sabotage.code && fault?.message.contains(sabotage.words) == true, "\(fault.map { "\($0.code): \($0)" } ?? "no fault")")
  }

  @Test(
    "a target that the log never reaches is no restore of it",
    arguments: [
      RecoveryTarget.name("nothing"), .position("FF/0"), .time(Timestamp(seconds: 4_000_000_000)), .transaction(4_000_000_000),
    ])
  func neverReached(_ target: RecoveryTarget) async throws {
    let fault = try await PhysicalBench().prepare(.plain).fault(PhysicalBench.to(target))
    #expect(fault?.code == .restoreFailed && fault?.message.contains("never reached") == true, "\(fault.map(\.description) ?? "")")
  }

  @Test("a server without log of its own kind is not rolled forward, and so neither comes to a target nor to the archive's end")
  func minimalLog() async throws {
    let named = try await PhysicalBench().prepare(.minimal, log: nil).fault(PhysicalBench.to(.name("before_loss")))
    #expect(named?.code == .restoreFailed && named?.message.contains("wal_level=minimal") == true, "\(named.map(\.description) ?? "")")
    let later = "for n in 8 9 A B C D E F; do cp wal/000000010000000000000005 wal/0000000100000000000000F$n; done"
    let archived = try await PhysicalBench().prepare(.minimal, later).fault()
    #expect(archived?.code == .restoreFailed && archived?.message.contains("wal_level=minimal") == true)
  }

  @Test(
    "a target before the backup's end is refused, which the server would not do",
    arguments: [
      RecoveryTarget.position("0/1000028"), .time(Timestamp(seconds: 1_700_000_000)),
    ])
  func tooEarly(_ target: RecoveryTarget) async throws {
    let fault = try await PhysicalBench().prepare(.plain).fault(PhysicalBench.to(target))
    #expect(fault?.code == .configuration && fault?.message.contains("end of the base backup") == true, "\(fault.map(\.description) ?? "")")
  }

  @Test("a hole before the target is named, where the server says only that it was not reached") func holeBeforeTarget() async throws {
    let bench = try await PhysicalBench().prepare(.plain)
    try FileManager.default.removeItem(atPath: "\(bench.log)/\(bench.segments.dropLast().last ?? "none")")
    let fault = await bench.fault(PhysicalBench.to(.position("FF/0")))
    #expect(fault?.message.contains("has a hole") == true, "\(fault.map(\.description) ?? "")")
  }

  @Test("an archive that breaks off in the middle ends the restore, and not the log") func unreachable() async throws {
    let bench = try await PhysicalBench().prepare(.plain)
    let last = try #require(bench.segments.last)
    let archive = PhysicalBench.archive(bench.log) { name in
      if name == last { throw Fault(.sourceUnreachable, "the store went away", isTransient: true) }
    }
    let fault = await bench.fault(PhysicalOptions(), bench.context(archive))
    #expect(fault?.code == .sourceUnreachable, "\(fault.map(\.description) ?? "")")
  }

  @Test("a database that the drill names and the backup lacks is missing") func database() async throws {
    var options = PhysicalOptions()
    options.database = "warehouse"
    let fault = try await PhysicalBench().prepare(.plain).fault(options)
    #expect(fault?.code == .restoreFailed && fault?.message.contains("no database warehouse") == true)
  }
}
