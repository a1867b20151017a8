import DrillTestSupport
import Testing

@Suite("Harmless oddities, the whole way", .enabled(if: SampleBackups.hasSQLite, "\(SampleBackups.sqliteAbsence)"))
struct OddityTests {
  private static let rows = SampleDrill.rows
  private static let engine = SampleDrill.rows + "  - engine: {level: full}\n"
  private static let files = "  - files: {min: 20, required: [tree/etc/app.conf]}\n"
  private static let one = "  - files: {min: 1}\n"

  private static func odd(_ name: String, _ ending: String, checks: String, _ make: @escaping @Sendable () async throws -> [UInt8])
    -> Sabotage
  {
    Sabotage(name, ending, "passed", checks: checks, make)
  }

  private static func changed(_ sql: String) -> @Sendable () async -> [UInt8] {
    { await SampleBackups.database(SampleBackups.schema + sql) }
  }
  private static func dump(_ change: @escaping @Sendable (String) -> String) -> @Sendable () async -> [UInt8] {
    { Array(change(String(decoding: await SampleBackups.dump(), as: UTF8.self)).utf8) }
  }
  private static func packed(_ program: [String]) -> @Sendable () async -> [UInt8] {
    { await SampleBackups.filtered(await SampleBackups.database(), program) }
  }

  static let oddities: [Sabotage] = [
    odd("a plain database", "db", checks: engine) { await SampleBackups.database() },
    odd("a database in WAL mode", "db", checks: engine, changed("PRAGMA journal_mode=WAL; PRAGMA wal_checkpoint(TRUNCATE);")),
    odd("a database with pages of 512 bytes", "db", checks: engine) {
      await SampleBackups.database("PRAGMA page_size=512;" + SampleBackups.schema)
    },
    odd("a database with pages of 65536 bytes", "db", checks: engine) {
      await SampleBackups.database("PRAGMA page_size=65536;" + SampleBackups.schema)
    },
    odd("a database in UTF-16", "db", checks: engine) { await SampleBackups.database("PRAGMA encoding='UTF-16';" + SampleBackups.schema) },
    odd("a database with free pages", "db", checks: engine, changed("CREATE TABLE t AS SELECT zeroblob(100000) x; DROP TABLE t;")),
    odd("a database with auto-vacuum", "db", checks: engine) {
      await SampleBackups.database("PRAGMA auto_vacuum=FULL;" + SampleBackups.schema)
    },
    odd("a database with a trigger", "db", checks: engine, changed("CREATE TRIGGER t AFTER DELETE ON orders BEGIN SELECT 1; END;")),
    odd(
      "a database with a full-text index", "db", checks: rows,
      changed("CREATE VIRTUAL TABLE f USING fts5(x); INSERT INTO f VALUES('hello');")),
    odd("a database with odd names", "db", checks: rows, changed("CREATE TABLE \"a b;--\"(\"select\" TEXT); CREATE TABLE 'ö'(x);")),
    odd(
      "a table without rowid", "db", checks: engine, changed("CREATE TABLE w(k TEXT PRIMARY KEY) WITHOUT ROWID; INSERT INTO w VALUES('a');")
    ),
    odd("a database with an application id", "db", checks: engine, changed("PRAGMA application_id=252006673; PRAGMA user_version=7;")),
    odd("a dump", "sql", checks: engine) { await SampleBackups.dump() },
    odd(
      "a dump with comments, blank lines and Windows line ends", "sql", checks: rows,
      dump { "-- a comment\n\n" + $0.replacing("\n", with: "\r\n") }),
    odd("a dump with a byte order mark", "sql", checks: rows, dump { "\u{FEFF}" + $0 }),
    odd("a dump without a last line end", "sql", checks: rows, dump { String($0.dropLast()) }),
    odd("a dump with values that look like SQL", "sql", checks: rows, changedDump),
    odd("a gzip", "db.gz", checks: rows, packed(["/bin/gzip", "-c"])),
    odd("a gzip of several members", "db.gz", checks: rows) {
      let bytes = await SampleBackups.database()
      let half = bytes.count / 2
      return await SampleBackups.gzip(Array(bytes.prefix(half))) + (await SampleBackups.gzip(Array(bytes.dropFirst(half))))
    },
    odd("a gzip padded with zeros", "db.gz", checks: rows) {
      await SampleBackups.gzip(await SampleBackups.database()) + [UInt8](repeating: 0, count: 512)
    },
    odd("a zstd", "db.zst", checks: rows, packed(["/usr/bin/zstd", "-qc"])),
    odd("an xz", "db.xz", checks: rows, packed(["/usr/bin/xz", "-c"])),
    odd("a bzip2", "db.bz2", checks: rows, packed(["/bin/bzip2", "-c"])),
    odd("a gzip with a wrong ending", "db", checks: rows, packed(["/bin/gzip", "-c"])),
    odd("a zstd inside a gzip", "db.gz", checks: rows) {
      await SampleBackups.gzip(await SampleBackups.filtered(await SampleBackups.database(), ["/usr/bin/zstd", "-qc"]))
    },
    odd("an archive", "tar", checks: files) { await SampleBackups.archive() },
    odd("a compressed archive", "tar.gz", checks: files) { await SampleBackups.gzip(await SampleBackups.archive()) },
    odd("an archive in the POSIX format with a long name", "tar", checks: one) {
      await SampleBackups.script("d=$(printf 'n%.0s' $(seq 1 120)); mkdir -p $d/$d; echo a > $d/$d/$d; tar --format=posix -cf out $d")
    },
    odd("an archive with names that are not UTF-8", "tar", checks: one) {
      await SampleBackups.script("f=$(printf 'caf\\351'); echo a > \"$f\"; tar cf out \"$f\"")
    },
    odd("an archive with an empty file, hard links and a dangling link", "tar", checks: one) {
      await SampleBackups.script("mkdir t; : > t/empty; echo a > t/a; ln t/a t/b; ln -s nowhere t/c; tar cf out t")
    },
    odd("an archive with a read-only directory", "tar", checks: one) {
      await SampleBackups.script("mkdir t; echo a > t/a; chmod 555 t; tar cf out t; chmod 755 t")
    },
    odd("an archive with more padding than needed", "tar", checks: files) {
      await SampleBackups.archive() + [UInt8](repeating: 0, count: 40_960)
    },
    odd("an archive of entries that begin with ./", "tar", checks: one) {
      await SampleBackups.script("mkdir t; echo a > t/a; cd t; tar cf ../o .; mv ../o ../out")
    },
    odd("an archive with a sparse file", "tar", checks: one) {
      await SampleBackups.script("truncate -s 8M s; echo end >> s; tar -Scf out s")
    },
  ]

  @Sendable private static func changedDump() async -> [UInt8] {
    let extra = "CREATE TABLE v(x TEXT);\nINSERT INTO v VALUES('COMMIT; ATTACH ''/x'' AS y; -- /* '),('a\n;\nb');\nCOMMIT;"
    return Array(String(decoding: await SampleBackups.dump(), as: UTF8.self).replacing("COMMIT;", with: extra).utf8)
  }

  static let postgresql: [Sabotage] =
    SamplePostgreSQL.binaries == nil
    ? []
    : [
      odd("a custom dump", "dump", checks: "  - rows: {table: orders, equals: 1000}\n  - engine: {level: full}\n") {
        try await SamplePostgreSQL.dumps().custom
      },
      odd("a plain dump", "psql", checks: "  - rows: {table: orders, equals: 1000}\n") { try await SamplePostgreSQL.dumps().plain },
      odd("a tar dump", "pgtar", checks: "  - rows: {table: orders, equals: 1000}\n") { try await SamplePostgreSQL.dumps().tar },
      odd("a compressed plain dump", "psql.gz", checks: "  - rows: {table: orders, equals: 1000}\n") {
        await SampleBackups.gzip(try await SamplePostgreSQL.dumps().plain)
      },
    ]

  @Test("each passes", arguments: oddities + postgresql)
  func passes(_ oddity: Sabotage) async throws {
    let (site, record, said) = await SabotageTests.record(oddity.ending, try await oddity.make(), checks: oddity.checks)
    #expect(record["verdict"].text == "passed", "\(said)")
    await site.expectClean()
  }
}
