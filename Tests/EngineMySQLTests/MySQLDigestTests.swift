import DrillTestSupport
import EngineKit
import MySQLKit
import Testing
import ToolRunner

@Suite("digests of MySQL's tables", .enabled(if: SampleMySQL.isInstalled, "\(SampleMySQL.absence)"))
struct MySQLDigestTests {
  private static let types = """
    id INT PRIMARY KEY, tiny TINYINT UNSIGNED ZEROFILL, money DECIMAL(20,4), ratio DOUBLE, rough FLOAT, day DATE, at DATETIME(6), seen
    TIMESTAMP NULL, code CHAR(10), latin VARCHAR(40) CHARACTER SET latin1, bin VARBINARY(40), big LONGTEXT, picture LONGBLOB,
    kind ENUM('a','b'), marks SET('x','y'), flags BIT(12), place POINT, doc JSON, twice INT AS (id * 2) STORED
    """

  /// What one server answers about the table `t` of `d` after each statement.
  private static func digests(_ steps: [String], _ body: ([TableDigest]) -> Void) async throws {
    try await SampleMySQL.withServer { server in
      let connection = try MySQLConnection(server.administrator)
      defer { connection.close() }
      try connection.execute("CREATE DATABASE d")
      try connection.execute("USE d")
      let probe = MySQLTableDigests(MySQLProbe(server.administrator.entering("d"), vendor: server.installation.vendor))
      var found: [TableDigest] = []
      for step in steps {
        for statement in step.split(separator: ";") { try connection.execute(String(statement)) }
        #expect(try await probe.tables(timeout: .seconds(30)).contains("t"))
        found.append(try await probe.digest(of: "t", timeout: .seconds(30)))
      }
      body(found)
    }
  }

  private static let fill = """
    INSERT INTO t(id, tiny, money, ratio, rough, day, at, seen, code, latin, bin, big, picture, kind, marks, flags, place, doc) SELECT seq, seq % 9,
      seq / 7, seq / 3e0, seq / 3e0, '2026-01-01' + INTERVAL seq DAY, '2026-01-01 00:00:00.123456', '2026-01-01', concat('c', seq),
      'Zürich, N', unhex('00ff27'), repeat('ä,', seq), unhex('0001'), 'a', 'x,y', b'101', POINT(seq, 1), '{"a": 1}' FROM seq_1_to_200;
    INSERT INTO t(id) VALUES (1000)
    """

  @Test("the order of rows and columns, the engine and OPTIMIZE change nothing; every change of a value does")
  func contents() async throws {
    let makes = "CREATE TABLE t(\(Self.types)) ENGINE=InnoDB; \(Self.fill)"
    let same = [
      makes, "OPTIMIZE TABLE t", "ALTER TABLE t ENGINE=MyISAM", "ALTER TABLE t MODIFY code CHAR(10) AFTER doc",
      "CREATE TABLE u LIKE t; INSERT INTO u(id, tiny, money, ratio, rough, day, at, seen, code, latin, bin, big, picture, kind, marks, flags, place, doc) SELECT id, tiny, money, ratio, rough, day, at, seen, code, latin, bin, big, picture, kind, marks, flags, place, doc FROM t ORDER BY id DESC; DROP TABLE t; RENAME TABLE u TO t",
    ]
    let changes = [
      "UPDATE t SET money = money + 0.0001 WHERE id = 7", "UPDATE t SET latin = 'Zurich, N' WHERE id = 7",
      "UPDATE t SET bin = unhex('00ff2700') WHERE id = 7",
      "UPDATE t SET big = 'x' WHERE id = 7", "UPDATE t SET picture = NULL WHERE id = 7", "UPDATE t SET flags = 4 WHERE id = 7",
      "UPDATE t SET place = POINT(7, 2) WHERE id = 7", "UPDATE t SET kind = 'b' WHERE id = 7", "UPDATE t SET seen = NULL WHERE id = 7",
      "UPDATE t SET code = 'N' WHERE id = 1000", "UPDATE t SET code = '' WHERE id = 1000",
      "UPDATE t SET latin = code, code = 'Zürich, N' WHERE id = 8",
      "UPDATE t SET ratio = ratio + 1e-12 WHERE id = 9", "DELETE FROM t WHERE id = 3",
    ]
    try await Self.digests(same + changes) { found in
      #expect(Set(found[..<same.count]).map(\.rows) == [201])
      #expect(Set(found[..<same.count].map(\.contents)).count == 1)
      #expect(Set(found[(same.count - 1)...].map(\.contents)).count == changes.count + 1)
      #expect(!found[0].columns.contains("twice"))
    }
  }

  @Test("a row twice, swapped columns and the same count with other content show; nothing at all is a digest too")
  func copies() async throws {
    let steps = [
      "CREATE TABLE t(a VARCHAR(20), b VARCHAR(20))", "INSERT INTO t VALUES ('1', '2')", "INSERT INTO t VALUES ('1', '2')",
      "INSERT INTO t VALUES ('1', '2')", "DELETE FROM t; INSERT INTO t VALUES ('2', '1')", "UPDATE t SET a = '2,1', b = ''",
      "UPDATE t SET a = '', b = '2,1'", "UPDATE t SET a = NULL", "UPDATE t SET a = 'N'", "ALTER TABLE t RENAME COLUMN a TO c",
    ]
    try await Self.digests(steps) { found in
      #expect(found.map(\.rows) == [0, 1, 2, 3, 1, 1, 1, 1, 1, 1])
      #expect(Set(found.map(\.contents)).count == found.count)
    }
  }

  @Test("tables with any name are digested, and those of other databases are told by them")
  func names() async throws {
    try await SampleMySQL.withServer { server in
      let connection = try MySQLConnection(server.administrator)
      defer { connection.close() }
      let odd = ["a.b", "a`b", "a\nb", "Straße", "$(id)", "<script>"]
      for statement in ["CREATE DATABASE d", "CREATE DATABASE `d.2`", "CREATE TABLE `d.2`.t(a INT)", "CREATE VIEW d.v AS SELECT 1"] {
        try connection.execute(statement)
      }
      for name in odd { try connection.execute("CREATE TABLE d.\(MySQLQuoting.identifier(name))(\(MySQLQuoting.identifier(name)) INT)") }
      let probe = MySQLTableDigests(MySQLProbe(server.administrator.entering("d"), vendor: server.installation.vendor))
      let tables = try await probe.tables(timeout: .seconds(30))
      #expect(tables.count == odd.count + 1)
      for table in tables { #expect(try await probe.digest(of: table, timeout: .seconds(30)).rows == 0) }
      await #expect(throws: ProbeError.self) { try await probe.digest(of: "v", timeout: .seconds(30)) }
    }
  }
}
