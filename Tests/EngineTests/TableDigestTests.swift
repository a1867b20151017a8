import DrillTestSupport
import EngineKit
import PostgreSQLKit
import Testing

@Suite("digests of PostgreSQL's tables", .enabled(if: SamplePostgreSQL.binaries != nil, "PostgreSQL is not installed"))
struct TableDigestTests {
  /// What a server answers about `public.t` after each step.
  private static func digests(_ database: String, _ steps: [String]) async throws -> [TableDigest] {
    let server = try await GivenPostgreSQL.shared()
    try await server.admin("CREATE DATABASE \(database)")
    let probe = TableDigests(
      ConnectionTarget(host: server.socket, port: server.port, user: "postgres", password: "", database: database))
    var found: [TableDigest] = []
    for step in steps {
      try await server.admin(step, in: database)
      #expect(try await probe.tables(timeout: .seconds(30)).contains("public.t"))
      found.append(try await probe.digest(of: "public.t", timeout: .seconds(30)))
    }
    try await server.admin("DROP DATABASE \(database)")
    return found
  }

  @Test("VACUUM, the order of rows and columns, partitions and settings change nothing; every change of a value does")
  func contents() async throws {
    let columns = "id int, n numeric, d double precision, r real, at timestamptz, i interval, b bytea, j jsonb, a text[], t text, m money"
    let values = """
      SELECT i, i / 7::numeric, i / 3::float8, i / 3::real, '2026-01-01 12:00+02'::timestamptz + i * '1 s'::interval, i * '1 h'::interval,
        decode('00ff', 'hex'), '{"b": 1, "a": [2]}'::jsonb, ARRAY['x,y', NULL, '"'], E'Zürich\\n', 3 FROM generate_series(1, 500) i
      """
    let same = [
      "CREATE TABLE t(\(columns)); INSERT INTO t \(values)", "VACUUM FULL t",
      "CREATE TABLE u AS SELECT * FROM t ORDER BY id DESC; DROP TABLE t; ALTER TABLE u RENAME TO t",
      "CREATE TABLE u AS SELECT m, t, a, j, b, i, at, r, d, n, id FROM t; DROP TABLE t; ALTER TABLE u RENAME TO t",
      "ALTER DATABASE digest1 SET DateStyle = 'German'; ALTER DATABASE digest1 SET bytea_output = 'escape'; ALTER DATABASE digest1 SET TimeZone = 'Asia/Tokyo'",
      "CREATE TABLE u(\(columns)) PARTITION BY RANGE (id); CREATE TABLE u1 PARTITION OF u FOR VALUES FROM (0) TO (100); CREATE TABLE u2 PARTITION OF u DEFAULT; INSERT INTO u(id, n, d, r, at, i, b, j, a, t, m) SELECT id, n, d, r, at, i, b, j, a, t, m FROM t; DROP TABLE t; ALTER TABLE u RENAME TO t",
    ]
    let changes = [
      "UPDATE t SET n = n + 0.0000000000000001 WHERE id = 7", "UPDATE t SET d = d + 1e-14 WHERE id = 7",
      "UPDATE t SET at = at + '1 us' WHERE id = 7",
      "UPDATE t SET b = '\\x00ff00' WHERE id = 7", "UPDATE t SET j = '{\"a\": [2], \"b\": 2}' WHERE id = 7",
      "UPDATE t SET a = ARRAY['x', 'y', NULL, '\"'] WHERE id = 7",
      "UPDATE t SET t = '' WHERE id = 7", "UPDATE t SET t = NULL WHERE id = 7", "DELETE FROM t WHERE id = 3",
      "INSERT INTO t SELECT * FROM t WHERE id = 9",
    ]
    let found = try await Self.digests("digest1", same + changes)
    #expect(Set(found[..<same.count].map(\.contents)).count == 1 && found[0].rows == 500)
    #expect(Set(found[(same.count - 1)...].map(\.contents)).count == changes.count + 1)
  }

  @Test("swapped columns, a row twice and other content in as many rows show; generated columns and inheriting tables do not count")
  func copies() async throws {
    let found = try await Self.digests(
      "digest2",
      [
        "CREATE TABLE t(a text, b text, c int GENERATED ALWAYS AS (1) STORED)", "INSERT INTO t VALUES ('1', '2')",
        "INSERT INTO t VALUES ('1', '2')",
        "DELETE FROM t; INSERT INTO t VALUES ('2', '1')", "UPDATE t SET a = '2,1', b = ''", "UPDATE t SET a = '', b = '2,1'",
        "CREATE TABLE child() INHERITS (t); INSERT INTO child VALUES ('x', 'y')", "CREATE TABLE \"a.b\"\"c\"(d int)",
      ])
    #expect(found.map(\.rows) == [0, 1, 2, 1, 1, 1, 1, 1])
    #expect(Set(found.map(\.contents)).count == 6 && found[5] == found[6] && found[0].columns == ["a", "b"])
  }

  @Test("SQLite's stored values are digested, not their texts; VACUUM and the order of rows and columns change nothing")
  func sqlite() async throws {
    let bench = try SQLiteBench()
    let makes = "CREATE TABLE t(a, b, c AS (a)); INSERT INTO t VALUES (1, 'x'), (1.5, x'00ff'), (NULL, ''), ('ä', 2);"
    func digest(_ sql: String) async throws -> TableDigest {
      let path = try bench.database(sql, "\(RandomText.hex(4)).sqlite")
      let (probes, _) = try await bench.restore(path)
      let digests = try #require(probes.digests)
      #expect(try await digests.tables(timeout: SQLiteBench.minute) == ["t"])
      return try await digests.digest(of: "t", timeout: SQLiteBench.minute)
    }
    let whole = try await digest(makes)
    #expect(whole.rows == 4 && whole.columns == ["a", "b"])
    for same in [
      "\(makes) DELETE FROM t WHERE a = 1; INSERT INTO t VALUES (1, 'x'); VACUUM;",
      "CREATE TABLE t(b, a); INSERT INTO t VALUES ('x', 1), (x'00ff', 1.5), ('', NULL), (2, 'ä');",
    ] { #expect(try await digest(same) == whole) }
    for change in [
      "UPDATE t SET a = '1' WHERE a = 1", "UPDATE t SET a = 1.0 WHERE a = 1", "UPDATE t SET b = x'' WHERE b = ''",
      "UPDATE t SET b = NULL WHERE b = ''",
      "INSERT INTO t SELECT * FROM t LIMIT 1", "DELETE FROM t WHERE a = 1", "UPDATE t SET a = b, b = a WHERE a = 'ä'",
    ] {
      #expect(try await digest("\(makes) \(change.replacing("SELECT *", with: "SELECT a, b"));").contents != whole.contents, "\(change)")
    }
  }
}
