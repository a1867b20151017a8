import DrillModel
import DrillTestSupport
import EngineKit
import EngineMySQLPhysical
import Foundation
import Testing

/// One way to break a backup, and what must come of it.
struct Sabotage: Sendable, CustomTestStringConvertible {
  var testDescription: String
  /// Shell commands in a folder with copies of `full`, `inc1`, `inc2`, `streams` and `logs`.
  var commands: String
  var code: FaultCode
  var base = "full"
  var chain: [String] = []
  var logs = false

  init(
    _ testDescription: String, _ commands: String, _ code: FaultCode, base: String = "full", chain: [String] = [], logs: Bool = false
  ) {
    self.testDescription = testDescription
    self.commands = commands
    self.code = code
    self.base = base
    self.chain = chain
    self.logs = logs
  }

  private static let overwrite = "poke() { printf 'XXXXXXXX' | dd of=\"$1\" bs=1 seek=\"$2\" conv=notrunc status=none; }; "

  /// Carries it out on copies; the fault that a restore ends with, nil when it ends well.
  func fault(_ sample: PhysicalSample, options: MySQLPhysicalOptions = MySQLPhysicalOptions()) async throws -> Fault? {
    var drive = try PhysicalDrive()
    let place = drive.scratch.path
    for name in Set([base, "full", "logs", "marks"] + chain)
    where FileManager.default.fileExists(atPath: "\(sample.path)/\(name)") && !name.contains("/") {
      _ = try drive.copy("\(sample.path)/\(name)", as: name)
    }
    if (chain + [base]).contains(where: { $0.hasPrefix("streams/") }) { _ = try drive.copy("\(sample.path)/streams", as: "streams") }
    try HostProgram.run("/bin/bash", ["-ec", Sabotage.overwrite + commands], directory: place)
    drive.chain = chain.map { "\(place)/\($0)" }
    drive.logs = logs ? "\(place)/logs" : nil
    drive.options = options
    return await drive.fault("\(place)/\(base)")
  }

  static let backups: [Sabotage] = [
    Sabotage("an incremental backup is missing", "", .restoreFailed, chain: ["inc2"]),
    Sabotage("incremental backups are in the wrong order", "", .restoreFailed, chain: ["inc2", "inc1"]),
    Sabotage("an incremental backup comes twice", "", .restoreFailed, chain: ["inc1", "inc1"]),
    Sabotage("a full backup stands among the incremental ones", "", .restoreFailed, chain: ["full"]),
    Sabotage("only an incremental backup is there", "", .restoreFailed, base: "inc1"),
    Sabotage("a table's file is missing", "rm full/shop/orders.ibd", .restoreFailed),
    Sabotage("a table's definition is missing", "rm full/shop/orders.frm", .restoreFailed),
    Sabotage("the redo log is missing", "rm full/ib_logfile0", .backupDamaged),
    Sabotage("the redo log was cut, which the vendor's tool takes for good", "truncate -s -600 full/ib_logfile0", .backupTruncated),
    Sabotage("the redo log was emptied", "truncate -s 0 full/ib_logfile0", .restoreFailed),
    Sabotage("the backup was not finished", "rm full/xtrabackup_checkpoints", .backupTruncated),
    Sabotage("the backup was killed before its last file", "rm full/xtrabackup_info", .backupTruncated),
    Sabotage("the checkpoints file was emptied", ": >full/xtrabackup_checkpoints", .backupDamaged),
    Sabotage("the checkpoints file was edited", "sed -i 's/^to_lsn.*/to_lsn = 44911/' full/xtrabackup_checkpoints", .backupDamaged),
    Sabotage("the system tablespace is missing", "rm full/ibdata1", .restoreFailed),
    Sabotage("the directory holds a link out of it", "ln -s /etc/passwd full/shop/x.frm", .unsafeContent),
    Sabotage("a tablespace is a link out of it", "rm full/shop/orders.frm; ln -s /etc/hostname full/shop/orders.frm", .unsafeContent),
    Sabotage("the settings name a data file elsewhere", "echo 'innodb_data_file_path=../../x:10M' >full/backup-my.cnf", .unsafeContent),
    Sabotage("the backup is of another series", "sed -i 's/10\\.11\\.[0-9]*/10.5.3/' full/xtrabackup_info", .toolMissing),
    Sabotage("the backup is of a newer series", "sed -i 's/10\\.11\\.[0-9]*/12.3.4/' full/xtrabackup_info", .toolTooOld),
    Sabotage("files were compressed one by one", "mv full/shop/orders.frm full/shop/orders.frm.qp", .configuration),
    Sabotage("a stream was cut", "truncate -s 5000000 streams/full.xb", .backupTruncated, base: "streams/full.xb"),
    Sabotage(
      "a stream was cut between files", "mkdir t; (cd full; printf 'ibdata1\\n' | xargs mbstream -c) >streams/full.xb", .backupTruncated,
      base: "streams/full.xb"),
    Sabotage("a byte of a stream was changed", "poke streams/full.xb 3000000", .backupDamaged, base: "streams/full.xb"),
    Sabotage("a tar archive was cut", "truncate -s 5000000 streams/full.tar", .backupTruncated, base: "streams/full.tar"),
  ]

  static let logs: [Sabotage] = [
    Sabotage("the log in which the backup ends is missing", "rm logs/bin.000002", .restoreFailed, logs: true),
    Sabotage("a log in the middle is missing", "rm logs/bin.000004", .restoreFailed, logs: true),
    Sabotage("a log in the middle was cut", "truncate -s 500 logs/bin.000004", .backupTruncated, logs: true),
    Sabotage(
      "a log in the middle lost its last transaction", "truncate -s $(cut -d: -f2 marks/middle-position) logs/bin.000004", .restoreFailed,
      logs: true),
    Sabotage("the last log was cut", "rm logs/bin.000007; truncate -s 600 logs/bin.000006", .backupTruncated, logs: true),
    Sabotage("a byte of a log was changed", "poke logs/bin.000003 500", .backupDamaged, logs: true),
    Sabotage("a log is another one under its name", "cp logs/bin.000006 logs/bin.000003", .restoreFailed, logs: true),
    Sabotage("the first log is another one under its name", "cp logs/bin.000005 logs/bin.000002", .restoreFailed, logs: true),
    Sabotage("a log is empty", ": >logs/bin.000003", .backupEmpty, logs: true),
    Sabotage("a log is something else", "date >logs/bin.000003", .backupWrongFormat, logs: true),
    Sabotage("there are no logs", "rm logs/*", .nothingToRestore, logs: true),
    Sabotage("the logs are of another name", "cd logs; for f in bin.*; do mv $f other.${f#*.}; done", .nothingToRestore, logs: true),
  ]
}

@Suite(
  "A broken physical backup of MariaDB", .serialized, .enabled(if: PhysicalSample.isInstalled, "\(PhysicalSample.absence)"))
struct PhysicalSabotageTests {
  @Test("is caught", arguments: Sabotage.backups)
  func backups(_ sabotage: Sabotage) async throws {
    let fault = try await sabotage.fault(try await PhysicalSample.shared())
    #expect(fault?.code == sabotage.code, "\(fault?.description ?? "restored")")
  }

  @Test("with a damaged system tablespace fails, whether the tool or the server finds it")
  func systemTablespace() async throws {
    let sabotage = Sabotage("the system tablespace is damaged", "poke full/ibdata1 $((16384 * 8 + 300))", .backupDamaged)
    let fault = try await sabotage.fault(try await PhysicalSample.shared())
    #expect(fault?.code == .backupDamaged || fault?.code == .restoreFailed, "\(fault?.description ?? "restored")")
  }

  @Test("is caught by its logs", arguments: Sabotage.logs)
  func logs(_ sabotage: Sabotage) async throws {
    let fault = try await sabotage.fault(try await PhysicalSample.shared())
    #expect(fault?.code == sabotage.code, "\(fault?.description ?? "restored")")
  }

  @Test("with a changed byte in a page is found by the deep check, and by page checksums before the server starts")
  func page() async throws {
    let sample = try await PhysicalSample.shared()
    let place = try PhysicalDrive().copyKept(sample.full, as: "page")
    defer { try? FileManager.default.removeItem(atPath: place) }
    try HostProgram.run(
      "/bin/bash", ["-ec", "printf XXXXXXXX | dd of=\(place)/shop/orders.ibd bs=1 seek=$((16384 * 10 + 300)) conv=notrunc status=none"])
    try await PhysicalDrive().run(place) { restored in
      let findings = try await restored.findings()
      #expect(findings.contains { $0.contains("orders") }, "\(findings)")
    }
    var checked = try PhysicalDrive()
    checked.options.pageChecksums = true
    #expect(await checked.fault(place)?.code == .backupDamaged)
  }
}
