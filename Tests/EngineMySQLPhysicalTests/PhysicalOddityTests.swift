import DrillModel
import DrillTestSupport
import EngineKit
import EngineMySQLPhysical
import Foundation
import Testing

@Suite(
  "An odd but good physical backup of MariaDB", .serialized, .enabled(if: PhysicalSample.isInstalled, "\(PhysicalSample.absence)"))
struct PhysicalOddityTests {
  static let oddities: [Sabotage] = [
    Sabotage("lies one directory further down", "mkdir outer; mv full outer/", .internalError, base: "outer"),
    Sabotage("is a tar archive with a directory at its top", "", .internalError, base: "streams/full.tar"),
    Sabotage("had been prepared before", "mariadb-backup --no-defaults --prepare --target-dir=full 2>prepare.log", .internalError),
    Sabotage("holds no settings", "rm full/backup-my.cnf", .internalError),
    Sabotage(
      "holds settings that reach out and are not followed",
      "printf 'plugin_load=evil\\n!include /etc/passwd\\ninnodb_log_group_home_dir=/tmp\\n' >>full/backup-my.cnf", .internalError),
    Sabotage(
      "also has files with the names of MariaDB 11", "cd full; for f in xtrabackup_*; do cp $f mariadb_backup_${f#xtrabackup_}; done",
      .internalError),
    Sabotage("holds traces of replication", "printf 'x' >full/master.info; printf 'x' >full/my.cnf", .internalError),
    Sabotage("is open to everybody", "chmod -R a+rwX full", .internalError),
    Sabotage("may not be read by others", "chmod -R go-rwx full", .internalError),
    Sabotage("is a stream with its incremental ones in directories", "", .internalError, base: "streams/full.xb", chain: ["inc1", "inc2"]),
    Sabotage(
      "has logs that follow a later incremental one, older ones beside them", "", .internalError, chain: ["inc1", "inc2"], logs: true),
    Sabotage("has logs of another server beside its own", "cp logs/bin.000001 logs/other.000009", .internalError, logs: true),
    Sabotage("has a log that lost nothing but its end, as in a crash", "truncate -s -41 logs/bin.000003", .internalError, logs: true),
    Sabotage("has an index and notes among its logs", "echo x >logs/bin.index; echo x >logs/README", .internalError, logs: true),
  ]

  @Test("is restored", arguments: PhysicalOddityTests.oddities)
  func odd(_ oddity: Sabotage) async throws {
    let fault = try await oddity.fault(try await PhysicalSample.shared())
    #expect(fault == nil, "\(fault?.description ?? "")")
  }
}
