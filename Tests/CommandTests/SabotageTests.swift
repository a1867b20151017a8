import DrillTestSupport
import Testing

/// A backup that was changed, and what a run must say of it.
struct Sabotage: Sendable, CustomTestStringConvertible {
  let name: String
  /// The file's ending, which chooses the drill.
  let ending: String
  let verdict: String
  /// One of these codes must be among the reasons.
  let codes: [String]
  let checks: String
  let make: @Sendable () async throws -> [UInt8]

  var testDescription: String { name }

  init(
    _ name: String, _ ending: String, _ verdict: String = "failed", _ codes: [String] = [], checks: String = SampleDrill.rows,
    _ make: @escaping @Sendable () async throws -> [UInt8]
  ) {
    self.name = name
    self.ending = ending
    self.verdict = verdict
    self.codes = codes
    self.checks = checks
    self.make = make
  }
}

enum Damage {
  static func cut(_ bytes: [UInt8], _ share: Double) -> [UInt8] { Array(bytes.prefix(Int(Double(bytes.count) * share))) }

  static func flip(_ bytes: [UInt8], at share: Double, count: Int = 1) -> [UInt8] {
    var copy = bytes
    let start = min(bytes.count - count, Int(Double(bytes.count) * share))
    for index in start..<start + count { copy[index] ^= 0xFF }
    return copy
  }

  static func zero(_ bytes: [UInt8], _ range: Range<Int>) -> [UInt8] {
    var copy = bytes
    for index in range where index < copy.count { copy[index] = 0 }
    return copy
  }
}

private let engineCheck = "  - engine: {level: full}\n"
private let filesCheck = "  - files: {min: 20, required: [tree/etc/app.conf]}\n"

@Suite("Sabotaged backups, the whole way", .enabled(if: SampleBackups.hasSQLite, "\(SampleBackups.sqliteAbsence)"))
struct SabotageTests {
  static let sqlite: [Sabotage] = [
    Sabotage("a database cut in half", "db") { Damage.cut(await SampleBackups.database(), 0.5) },
    Sabotage("a database cut by its last page", "db") { Array((await SampleBackups.database()).dropLast(4096)) },
    Sabotage("a database cut by its last byte", "db") { Array((await SampleBackups.database()).dropLast()) },
    Sabotage("a database of which only the head is left", "db") { Array((await SampleBackups.database()).prefix(100)) },
    Sabotage("a database with a zeroed page", "db", checks: SampleDrill.rows + engineCheck) {
      Damage.zero(await SampleBackups.database(), 8192..<12288)
    },
    Sabotage("a database whose magic is gone", "db") { Damage.flip(await SampleBackups.database(), at: 0) },
    Sabotage("a database with rows missing", "db") {
      await SampleBackups.database(SampleBackups.schema + "DELETE FROM orders WHERE id > 99;")
    },
    Sabotage("an empty database", "db") { await SampleBackups.database(SampleBackups.schema + "DELETE FROM orders;") },
    Sabotage("a database without the table", "db") { await SampleBackups.database("CREATE TABLE t(x); INSERT INTO t VALUES(1);") },
    Sabotage("a broken reference", "db", checks: engineCheck) {
      await SampleBackups.database(SampleBackups.schema + "PRAGMA foreign_keys=OFF; DELETE FROM customers WHERE id = 3;")
    },
    Sabotage("zeros of the right size", "db") { [UInt8](repeating: 0, count: 40_960) },
    Sabotage("an error page instead of a backup", "db") { Array("<html><body>403 Forbidden</body></html>".utf8) },
    Sabotage("an encrypted file", "db", "cannot_drill", ["backup_encrypted"]) {
      [0x53, 0x61, 0x6C, 0x74, 0x65, 0x64, 0x5F, 0x5F] + [UInt8](repeating: 0xA7, count: 4096)
    },
    Sabotage("a dump cut in half", "sql") { Damage.cut(await SampleBackups.dump(), 0.5) },
    Sabotage("a dump without its COMMIT", "sql") {
      Array(String(decoding: await SampleBackups.dump(), as: UTF8.self).replacing("COMMIT;\n", with: "").utf8)
    },
    Sabotage("a dump that ends in ROLLBACK because of errors", "sql") {
      Array(String(decoding: await SampleBackups.dump(), as: UTF8.self).replacing("COMMIT;", with: "ROLLBACK; -- due to errors").utf8)
    },
    Sabotage("a dump that wants to write elsewhere", "sql") {
      Array("ATTACH '/tmp/dm-stray.db' AS x;\n".utf8) + (await SampleBackups.dump())
    },
    Sabotage("a dump with broken SQL in the middle", "sql") {
      Array(
        String(decoding: await SampleBackups.dump(), as: UTF8.self).replacing(
          "INSERT INTO orders VALUES(50,", with: "INSERT INTO orders VALUES(((50,"
        ).utf8)
    },
    Sabotage("a gzip cut in half", "db.gz", "failed", ["backup_truncated", "backup_damaged"]) {
      Damage.cut(await SampleBackups.gzip(await SampleBackups.database()), 0.5)
    },
    Sabotage("a gzip without its trailer", "db.gz", "failed", ["backup_truncated", "backup_damaged"]) {
      Array((await SampleBackups.gzip(await SampleBackups.database())).dropLast(8))
    },
    Sabotage("a gzip with a wrong checksum", "db.gz", "failed", ["backup_damaged"]) {
      Damage.flip(await SampleBackups.gzip(await SampleBackups.database()), at: 1, count: 8)
    },
    Sabotage("a gzip with a flipped bit in the middle", "db.gz", "failed", ["backup_damaged"]) {
      Damage.flip(await SampleBackups.gzip(await SampleBackups.database()), at: 0.5)
    },
    Sabotage("a gzip of nothing", "db.gz") { await SampleBackups.gzip([]) },
    Sabotage("a dump cut inside its gzip", "sql.gz") { await SampleBackups.gzip(Damage.cut(await SampleBackups.dump(), 0.9)) },
    Sabotage("a zstd cut in half", "db.zst", "failed", ["backup_truncated", "backup_damaged"]) {
      Damage.cut(await SampleBackups.filtered(await SampleBackups.database(), ["/usr/bin/zstd", "-qc"]), 0.5)
    },
    Sabotage("an xz with a flipped bit", "db.xz", "failed", ["backup_damaged", "backup_truncated"]) {
      Damage.flip(await SampleBackups.filtered(await SampleBackups.database(), ["/usr/bin/xz", "-c"]), at: 0.6)
    },
  ]

  static let files: [Sabotage] = [
    Sabotage("an archive cut in half", "tar", checks: filesCheck) { Damage.cut(await SampleBackups.archive(), 0.5) },
    Sabotage("an archive cut inside its last file", "tar", checks: "  - files: {min: 1}\n") {
      Damage.cut(await SampleBackups.archive(), 0.7)
    },
    Sabotage("an archive with a broken header", "tar", checks: filesCheck) { Damage.flip(await SampleBackups.archive(), at: 0, count: 40) },
    Sabotage("an archive of zeros", "tar", checks: filesCheck) { [UInt8](repeating: 0, count: 10_240) },
    Sabotage("an archive without a file that is required", "tar", checks: filesCheck) {
      await SampleBackups.script("mkdir -p tree/data; for n in $(seq 1 30); do echo $n > tree/data/$n; done; tar cf out tree")
    },
    Sabotage("an archive with too few files", "tar", checks: filesCheck) {
      await SampleBackups.script("mkdir -p tree/etc; echo a > tree/etc/app.conf; tar cf out tree")
    },
    Sabotage("an archive that climbs out with ..", "tar", "failed", ["unsafe_content"], checks: "  - files: {min: 1}\n") {
      await SampleBackups.script(
        "echo evil > evil; echo good > good; tar cPf out --transform 's,^evil,../../../../tmp/dm-stray-evil,' evil good")
    },
    Sabotage("an archive with an absolute path", "tar", "failed", ["unsafe_content"], checks: "  - files: {min: 1}\n") {
      await SampleBackups.script("echo evil > evil; tar cPf out --transform 's,^evil,/tmp/dm-stray-absolute,' evil")
    },
    Sabotage("an archive that writes through a link", "tar", "failed", ["unsafe_content"], checks: "  - files: {min: 1}\n") {
      await SampleBackups.script(
        "ln -s /tmp away; tar cf out away; rm away; mkdir away; echo evil > away/dm-stray-link; tar rf out away/dm-stray-link")
    },
    Sabotage("a compressed archive cut in half", "tar.gz", "failed", ["backup_truncated", "backup_damaged"], checks: filesCheck) {
      Damage.cut(await SampleBackups.gzip(await SampleBackups.archive()), 0.5)
    },
  ]

  static let postgresql: [Sabotage] =
    SamplePostgreSQL.binaries == nil
    ? []
    : [
      Sabotage("a custom dump cut in half", "dump", checks: "  - rows: {table: orders, equals: 1000}\n") {
        Damage.cut(try await SamplePostgreSQL.dumps().custom, 0.5)
      },
      Sabotage("a custom dump cut by a tenth", "dump", checks: "  - rows: {table: orders, equals: 1000}\n") {
        Damage.cut(try await SamplePostgreSQL.dumps().custom, 0.9)
      },
      Sabotage("a plain dump cut in half", "psql", checks: "  - rows: {table: orders, equals: 1000}\n") {
        Damage.cut(try await SamplePostgreSQL.dumps().plain, 0.5)
      },
      Sabotage("a plain dump without its trailer", "psql", checks: "  - rows: {table: orders, equals: 1000}\n") {
        Damage.cut(try await SamplePostgreSQL.dumps().plain, 0.99)
      },
      Sabotage("a plain dump that runs a command on the host", "psql", checks: "  - rows: {table: orders, equals: 1000}\n") {
        Array((try await SamplePostgreSQL.dumps().plain)) + Array("\n\\! touch /tmp/dm-stray-shell\n".utf8)
      },
      Sabotage("a tar dump cut in half", "pgtar", checks: "  - rows: {table: orders, equals: 1000}\n") {
        Damage.cut(try await SamplePostgreSQL.dumps().tar, 0.5)
      },
      Sabotage("a dump with a row too few", "dump", checks: "  - rows: {table: orders, equals: 1001}\n") {
        try await SamplePostgreSQL.dumps().custom
      },
    ]

  /// Runs a drill over the bytes and gives its record.
  static func record(_ ending: String, _ bytes: [UInt8], checks: String) async -> (ScratchSite, JSONValue, String) {
    let site = ScratchSite()
    let name = SampleDrill.name(.seconds(7200), ending)
    let engine =
      ["dump", "psql", "pgtar"].contains(where: ending.hasPrefix) ? "postgresql" : ending.hasPrefix("tar") ? "files" : "sqlite"
    site.backup(name, bytes)
    site.drill("d", "backup: {from: ../backups, match: \"b_%Y%m%d_%H%M%S.\(ending)\"}\nrestore: {engine: \(engine)}\nchecks:\n\(checks)")
    let result = await site.runJSON("d")
    return (site, result.record, result.said)
  }

  @Test("each is caught, with the right verdict and a reason that names it", arguments: sqlite + files + postgresql)
  func caught(_ sabotage: Sabotage) async throws {
    let (site, record, said) = await Self.record(sabotage.ending, try await sabotage.make(), checks: sabotage.checks)
    #expect(record["verdict"].text == sabotage.verdict, "\(said)")
    #expect(sabotage.codes.isEmpty || !Set(sabotage.codes).isDisjoint(with: record.reasonCodes), "\(record.reasonTexts)")
    #expect(!record.reasonCodes.contains("internal_error"), "\(record.reasonTexts)")
    #expect(!record.reasonTexts.isEmpty)
    #expect(record["recovery_point"]["id"].text?.hasPrefix("b_") == true)
    let strays = await HostCommand.run(["/usr/bin/find", "/tmp", "-maxdepth", "1", "-name", "dm-stray*"])
    #expect(strays.stdout.isEmpty)
    await site.expectClean()
  }

  @Test("there are at least thirty of them, and as many oddities") func enough() {
    #expect((Self.sqlite + Self.files).count >= 30)
    #expect(OddityTests.oddities.count >= 30)
  }
}
