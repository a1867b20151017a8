import Glibc
import ToolRunner

/// Small backups made with the machine's own programs, each once a test process.
package enum SampleBackups {
  /// Whether the sqlite3 command line is there, without which no SQLite backup can be made.
  package static let hasSQLite = access(sqlite3, X_OK) == 0
  package static let sqliteAbsence = "the sqlite3 command line is not installed"

  /// A database with 100 orders (`orders(id, customer, created_at)`), 10 customers, an index and a view.
  package static func database() async -> [UInt8] { await made.database() }

  /// The same as a SQL dump of the sqlite3 command line.
  package static func dump() async -> [UInt8] { await made.dump() }

  /// A tar archive of `tree/`: 20 files, two directories, a link.
  package static func archive() async -> [UInt8] { await made.archive() }

  /// A database of what `sql` makes.
  package static func database(_ sql: String) async -> [UInt8] {
    let folder = TemporaryFolder("dmdb")
    let path = "\(folder.path)/b.db"
    let result = await HostCommand.run([sqlite3, "-batch", path], input: sql)
    if result.status != 0 { fatalError("sqlite3 made no database: \(result.said)") }
    return TextFile.bytes(path)
  }

  /// Bytes through a compressor such as `["/bin/gzip", "-c"]`.
  package static func filtered(_ bytes: [UInt8], _ program: [String]) async -> [UInt8] {
    let folder = TemporaryFolder("dmz")
    let path = folder.file("in", bytes)
    let words = program.map { "'\($0)'" }.joined(separator: " ")
    let result = await HostCommand.run(["/bin/sh", "-c", "\(words) < '\(path)' > '\(folder.path)/out'"])
    if result.status != 0 { fatalError("\(program) failed: \(result.said)") }
    return TextFile.bytes("\(folder.path)/out")
  }

  package static func gzip(_ bytes: [UInt8]) async -> [UInt8] { await filtered(bytes, ["/bin/gzip", "-c"]) }

  /// What a shell script leaves in `out` of an empty directory.
  package static func script(_ text: String) async -> [UInt8] {
    let folder = TemporaryFolder("dmsh")
    let result = await HostCommand.run(["/bin/sh", "-ec", text], directory: folder.path)
    if result.status != 0 { fatalError("the script failed: \(result.said)") }
    return TextFile.bytes("\(folder.path)/out")
  }

  package static let schema = """
    PRAGMA foreign_keys=ON;
    CREATE TABLE customers(id INTEGER PRIMARY KEY, name TEXT NOT NULL);
    CREATE TABLE orders(id INTEGER PRIMARY KEY, customer INTEGER NOT NULL REFERENCES customers(id), created_at TEXT NOT NULL, note TEXT);
    CREATE INDEX orders_created ON orders(created_at);
    CREATE VIEW recent AS SELECT * FROM orders WHERE id > 90;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10) INSERT INTO customers SELECT i, 'customer ' || i FROM n;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
      INSERT INTO orders SELECT i, 1 + i % 10, strftime('%Y-%m-%d %H:%M:%S', 'now', '-' || (200 - i) || ' minutes'),
      'note ' || i || ' ' || hex(zeroblob(100)) FROM n;

    """

  private static let sqlite3 = "/usr/bin/sqlite3"
  private static let made = Made()

  private actor Made {
    private var kept: [String: Task<[UInt8], Never>] = [:]

    func database() async -> [UInt8] { await once("database") { await SampleBackups.database(schema) } }

    func dump() async -> [UInt8] {
      let source = await database()
      return await once("dump") {
        let folder = TemporaryFolder("dmdump")
        let path = folder.file("b.db", source)
        return Array(await HostCommand.run([sqlite3, "-batch", path, ".dump"]).stdout.utf8)
      }
    }

    func archive() async -> [UInt8] {
      await once("archive") {
        await script(
          """
          mkdir -p tree/etc tree/data
          for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19; do seq 1 $((n * 50)) > tree/data/file$n.txt; done
          echo 'listen = 1' > tree/etc/app.conf
          ln -s app.conf tree/etc/link.conf
          tar cf out tree
          """)
      }
    }

    private func once(_ name: String, _ make: @escaping @Sendable () async -> [UInt8]) async -> [UInt8] {
      if let task = kept[name] { return await task.value }
      let task = Task { await make() }
      kept[name] = task
      return await task.value
    }
  }
}
