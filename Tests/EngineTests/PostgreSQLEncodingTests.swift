import DrillModel
import DrillTestSupport
import EngineKit
import Foundation
import PostgreSQLKit
import Testing

@testable import EnginePostgreSQL

@Suite("Databases of other encodings, replication, and questions that are stopped", .timeLimit(.minutes(15)))
struct PostgreSQLEncodingTests {
  private static let latin = """
    CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0;
    CREATE DATABASE bytes ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0;
    """

  @Test("names and rows of LATIN1 and bytes of SQL_ASCII come through in every format, and read sound")
  func encodings() async throws {
    let source = try await PostgreSQLSource(Self.latin)
    let table = "CREATE TABLE \"größe\" (s text); INSERT INTO \"größe\" VALUES"
    try await source.psql("SET client_encoding = 'UTF8'; \(table) ('ÿ'), ('é')", in: "latin")
    try await source.psql("SET client_encoding = 'SQL_ASCII'; \(table) (E'\\xe9'), (E'\\xff')", in: "bytes")
    for (database, arguments) in [("latin", ["-Fp"]), ("latin", ["-Fc"]), ("latin", ["-Ft"]), ("bytes", ["-Fp"]), ("bytes", ["-Fc"])] {
      let name = "\(database)\(arguments[0])"
      let path = try await source.dump(arguments, name, database: database)
      try await PostgreSQLBench().restore(path) { probes, _ in
        let sql = try #require(probes.sql)
        #expect(try await sql.count(table: "größe", timeout: .seconds(30)) == 2, "\(name)")
        #expect(try await sql.query("SELECT s FROM \"größe\"", timeout: .seconds(30), limit: 9).rows.count == 2, "\(name)")
        let deep = try #require(try await probes.deep?.check(.full, timeout: .seconds(120)))
        #expect(deep.findings.isEmpty, "\(name): \(deep.findings)")
      }
    }
    await source.server.stop()
  }

  @Test("a publication for all tables is left out of a plain dump with all that describes it")
  func publication() async throws {
    let source = try await PostgreSQLSource(
      "CREATE TABLE t (a int); INSERT INTO t VALUES (1); CREATE PUBLICATION pub FOR ALL TABLES; COMMENT ON PUBLICATION pub IS 'x'")
    let path = try await source.dump([], "pub.sql")
    try await PostgreSQLBench().restore(path) { probes, _ in
      let sql = try #require(probes.sql)
      #expect(try await sql.count(table: "t", timeout: .seconds(30)) == 1)
    }
    await source.server.stop()
  }

  @Test("a question that is stopped ends, at whatever moment that is")
  func stopping() async throws {
    let source = try await PostgreSQLSource("CREATE TABLE t (a int)")
    let path = try await source.dump(["-Fc"], "t.dump")
    try await PostgreSQLBench().restore(path) { probes, _ in
      let sql = try #require(probes.sql)
      for delay in 0..<25 {
        let question = Task {
          try await sql.query("SELECT count(*) FROM generate_series(1, 100000000000)", timeout: .seconds(3600), limit: 1)
        }
        try await Task.sleep(for: .milliseconds(delay))
        question.cancel()
        await #expect(throws: CancellationError.self) { try await question.value }
      }
    }
    await source.server.stop()
  }
}
