import DrillModel
import DrillTestSupport
import EngineKit
import EnginePostgreSQLPhysical
import Foundation
import Synchronization
import Testing
import ToolRunner

@Suite("Physical backups that are good", .serialized, .enabled(if: SamplePostgreSQL.binaries != nil, "\(SamplePostgreSQL.absence)"))
struct GoodBackupTests {
  @Test("a directory rolls forward to the end of the log, and the last transaction is the recovery point")
  func latest() async throws {
    let bench = try await PhysicalBench().prepare(.plain)
    let seen = Mutex<[Int64]>([])
    let context = bench.context { phase, done, total in
      if phase == .recover { seen.withLock { $0.append(done * 100 / max(1, total ?? 1)) } }
    }
    let restored = try await bench.restore(PhysicalOptions(), context)
    let newest = try await restored.ask("select to_char(max(at) at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') from t")
    let time = try #require(restored.report.dataTime)
    let row = try #require(newest.flatMap { Timestamp(rfc3339: $0) })
    #expect(time >= row && time - row < .seconds(5))
    #expect(try await restored.rows() == "2001 3001 4001 5001")
    #expect(seen.withLock { $0 }.contains { $0 > 50 } && seen.withLock { $0 }.allSatisfy { $0 <= 100 })
  }

  @Test("a target is met on both sides: the row before it is there, the row after it is not")
  func targets() async throws {
    let sample = try await SampleCluster.shared.value
    let moment = try #require(Timestamp(rfc3339: sample.moment))
    for target in [RecoveryTarget.time(moment), .position(sample.position), .name("before_loss"), .transaction(sample.transaction)] {
      let bench = try await PhysicalBench().prepare(.plain)
      #expect(try await bench.restore(PhysicalBench.to(target)).rows() == "2001", "\(target)")
    }
  }

  @Test("the backup's own end is a target, and a transaction that is not to be included ends just before it") func before() async throws {
    #expect(try await PhysicalBench().prepare(.plain).restore(PhysicalBench.to(.immediate)).rows() == nil)
    let bench = try await PhysicalBench().prepare(.plain)
    var options = PhysicalBench.to(.transaction(bench.sample.transaction))
    options.inclusive = false
    #expect(try await bench.restore(options).rows() == nil)
  }

  @Test("the time that a drill selects by is the target where it gives none")
  func selected() async throws {
    let bench = try await PhysicalBench().prepare(.plain)
    let moment = try #require(Timestamp(rfc3339: bench.sample.moment))
    #expect(try await bench.restore(PhysicalOptions(), bench.context(recoverTo: moment)).rows() == "2001")
  }

  @Test("pg_basebackup's compressed archives and one tar archive restore as well")
  func archives() async throws {
    #expect(try await PhysicalBench().prepare(.archives).restore().rows() == "2001 3001 4001 5001")
    #expect(try await PhysicalBench().prepare(.stream).restore().rows() == "2001 3001 4001 5001")
  }

  @Test("without a log archive, the log in the backup makes it consistent") func alone() async throws {
    for source in [SampleCluster.Part.plain, .archives, .stream] {
      let restored = try await PhysicalBench().prepare(source, log: nil).restore()
      #expect(try await restored.rows() == nil)
    }
  }

  @Test("segments in any compression are taken, in one archive even") func compressed() async throws {
    let script = """
      set -- 'gzip' 'zstd --rm -q' 'lz4 -q --rm -m' 'xz -0' 'bzip2 -1'
      for f in $(ls -r wal/????????????????????????); do $1 $f; set -- "$2" "$3" "$4" "$5" "$1"; done
      """
    let bench = try await PhysicalBench().prepare(.plain, script)
    let names = try FileManager.default.contentsOfDirectory(atPath: bench.log)
    for ending in ["gz", "zst", "lz4", "xz", "bz2"] { #expect(names.contains { $0.hasSuffix(".\(ending)") }) }
    #expect(try await bench.restore().rows() == "2001 3001 4001 5001")
  }

  @Test("the newest timeline is followed, or the backup's own where the drill says so") func timelines() async throws {
    #expect(try await PhysicalBench().prepare(.plain, log: .branchedLog).restore().rows() == "2001 9001")
    var options = PhysicalOptions()
    options.timeline = .current
    #expect(try await PhysicalBench().prepare(.plain, log: .branchedLog).restore(options).rows() == "2001 3001 4001 5001")
  }

  @Test("configuration that reaches out is left behind: nothing of it runs, pauses or is asked")
  func reachingOut() async throws {
    let bench = try await PhysicalBench()
    let hostile = """
      archive_mode = on
      archive_command = 'touch \(bench.scratch.path)/archived'
      restore_command = 'touch \(bench.scratch.path)/asked; exit 1'
      recovery_end_command = 'touch \(bench.scratch.path)/ended'
      recovery_target = 'immediate'
      recovery_target_action = pause
      primary_conninfo = 'host=192.0.2.1'
      shared_preload_libraries = 'no_such_library'
      data_directory = '/nonexistent'
      hba_file = '/nonexistent'
      ssl = on
      ssl_cert_file = '/nonexistent'
      include = '/nonexistent'
      listen_addresses = '*'
      """
    try hostile.write(toFile: "\(bench.scratch.path)/hostile", atomically: true, encoding: .utf8)
    try bench.prepare(
      .plain,
      "cat hostile >> backup/postgresql.conf; cat hostile >> backup/postgresql.auto.conf; touch backup/standby.signal; rm backup/backup_manifest"
    )
    #expect(try await bench.restore().rows() == "2001 3001 4001 5001")
    for trace in ["archived", "asked", "ended"] { #expect(!FileManager.default.fileExists(atPath: "\(bench.scratch.path)/\(trace)")) }
  }

  @Test("a store that drops empty directories is noted, and restored") func emptyDirectories() async throws {
    let bench = try await PhysicalBench().prepare(.plain, "find backup -type d -empty -delete")
    let restored = try await bench.restore()
    #expect(restored.report.notes.contains { $0.contains("lacks") })
    #expect(try await restored.rows() == "2001 3001 4001 5001")
  }

  @Test("a stray file beside the data is noted and no fault") func stray() async throws {
    let restored = try await PhysicalBench().prepare(.plain, "echo done > backup/NOTES.txt").restore()
    #expect(restored.report.notes.contains { $0.contains("NOTES.txt") })
    #expect(try await restored.rows() == "2001 3001 4001 5001")
  }

  @Test("links out of the backup are not followed; the log comes from the archive then") func links() async throws {
    let bench = try await PhysicalBench().prepare(
      .plain,
      "mv backup/pg_wal elsewhere; ln -s ../elsewhere backup/pg_wal; ln -s /etc/shadow backup/server.key; rm backup/backup_manifest")
    let restored = try await bench.restore()
    #expect(restored.report.notes.contains { $0.contains("server.key") })
    #expect(try await restored.rows() == "2001 3001 4001 5001")
  }

  @Test("a cold copy and a declared snapshot need no label") func withoutLabel() async throws {
    let cold = try await PhysicalBench().prepare(.cold, log: nil).restore()
    #expect(try await cold.rows() == "2001 3001 4001 5001")
    #expect(try await PhysicalBench().prepare(.minimal, log: nil).restore().rows() == "2001 3001 4001 5001")
    var options = PhysicalOptions()
    options.snapshot = true
    let bench = try await PhysicalBench().prepare(.plain, "rm backup/backup_label backup/backup_manifest")
    #expect(try await bench.restore(options).rows() == "2001 3001 4001 5001")
  }

  @Test("a server with segments of log of another size needs room for more of them") func segmentSize() async throws {
    let restored = try await PhysicalBench().prepare(.large, log: nil).restore()
    #expect(try await restored.ask("show wal_segment_size") == "64MB")
    #expect(try await restored.rows() == "2001 3001 4001 5001")
  }

  @Test("a hole behind the target, or a newest segment that was not full, is no fault") func harmless() async throws {
    let behind = try await PhysicalBench().prepare(.plain)
    try FileManager.default.removeItem(atPath: "\(behind.log)/\(behind.segments.dropLast().last ?? "none")")
    #expect(try await behind.restore(PhysicalBench.to(.name("before_loss"))).rows() == "2001")
    let short = try await PhysicalBench().prepare(.plain)
    let newest = try #require(short.segments.last)
    try HostProgram.run(
      "/bin/sh", ["-ec", SampleCluster.shorten(newest)], directory: short.log)
    let restored = try await short.restore()
    #expect(restored.report.notes.contains { $0.contains("before it was full") })
    #expect(try await restored.rows()?.hasPrefix("2001 3001 4001") == true)
  }

  @Test("other files in the archive, a partial segment among them, are passed over") func otherFiles() async throws {
    let bench = try await PhysicalBench().prepare(
      .plain,
      "echo x > wal/README; echo x > wal/.hidden; mkdir wal/sub; echo x > 'wal/0000000100000000000000FF.partial'; echo x > wal/0000000100000000000000FF.partial"
    )
    let restored = try await bench.restore()
    #expect(restored.report.notes.contains { $0.contains("0000000100000000000000FF.partial") })
    #expect(try await restored.rows() == "2001 3001 4001 5001")
  }

  @Test("the deep check and the schema answer on a restored copy, whose superuser has a name of its own") func probes() async throws {
    let restored = try await PhysicalBench().prepare(.plain).restore()
    let deep = try await restored.probes.deep?.check(.full, timeout: .seconds(60))
    #expect(deep?.findings == [])
    #expect(try await restored.probes.schema?.schema(timeout: .seconds(30)).lines.contains { $0.contains("public.t") } == true)
    #expect(try await restored.ask("select rolsuper::text from pg_roles where rolname = current_user") == "false")
    try await restored.target.destroy()
  }
}
