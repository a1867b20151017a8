import DrillModel
import DrillTestSupport
import EngineKit
import EnginePostgreSQL
import Foundation
import Glibc
import PostgreSQLKit
import Testing

@Suite("Harmless oddities of whole dumps", .timeLimit(.minutes(15)))
struct PostgreSQLOddityTests {
  /// A small shop with everything that has raised false alarms.
  static let shop = #"""
    CREATE ROLE owner_a NOLOGIN; CREATE ROLE "Odd ""Role""" NOLOGIN;
    CREATE EXTENSION hstore; CREATE EXTENSION pgcrypto; CREATE EXTENSION citext; CREATE EXTENSION dblink;
    CREATE SCHEMA sales AUTHORIZATION owner_a;
    CREATE TABLE orders (id int PRIMARY KEY, note text, double_id int GENERATED ALWAYS AS (id * 2) STORED, tags hstore, mail citext);
    INSERT INTO orders (id, note, tags, mail) SELECT i, 'note ' || i, 'a=>1'::hstore, 'X@y' FROM generate_series(1, 500) i;
    INSERT INTO orders VALUES (1001, E'\\restrict abc'), (1002, E'\\.'), (1003, E'\\connect x\n\\.\n'), (1004, E'\\! touch /tmp/x');
    CREATE TABLE restricting (a text); INSERT INTO restricting VALUES (E'\\restrict x'), ('restrict'), (E'\\.');
    ALTER TABLE orders OWNER TO owner_a; GRANT SELECT ON orders TO "Odd ""Role""";
    CREATE TABLE secret (a int); INSERT INTO secret VALUES (1), (2);
    ALTER TABLE secret ENABLE ROW LEVEL SECURITY; ALTER TABLE secret FORCE ROW LEVEL SECURITY;
    CREATE POLICY p ON secret TO owner_a USING (a = 1);
    CREATE UNLOGGED TABLE fleeting (a int); INSERT INTO fleeting VALUES (1);
    CREATE TABLE "od""d" ("we;ird" int, "new
    line" text, "ünïcode" text); INSERT INTO "od""d" VALUES (1, 'x', 'ÿ');
    CREATE TABLE parts (d date, v int) PARTITION BY RANGE (d);
    CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2027-01-01'); INSERT INTO parts VALUES ('2026-05-05', 1);
    CREATE TABLE sales.deals (id serial, body text); INSERT INTO sales.deals (body) VALUES ('a'), ('b'); ALTER TABLE sales.deals OWNER TO owner_a;
    CREATE VIEW big AS SELECT * FROM orders WHERE id > 100; CREATE MATERIALIZED VIEW many AS SELECT count(*) FROM orders;
    CREATE FUNCTION text_of() RETURNS text LANGUAGE plpgsql AS $body$ BEGIN RETURN '
    \connect nowhere
    '; END $body$;
    SELECT lo_from_bytea(0, 'large object'); CREATE TYPE mood AS ENUM ('a', 'b'); CREATE SEQUENCE s START 7;
    ALTER DEFAULT PRIVILEGES FOR ROLE owner_a GRANT SELECT ON TABLES TO "Odd ""Role""";
    COMMENT ON EXTENSION hstore IS 'changed';
    """#

  static let ways: [(name: String, tool: String, arguments: [String])] = [
    ("plain.sql", "pg_dump", []), ("created.sql", "pg_dump", ["-C"]), ("clean.sql", "pg_dump", ["-C", "-c", "--if-exists"]),
    ("inserts.sql", "pg_dump", ["--inserts"]), ("custom.dump", "pg_dump", ["-Fc"]), ("tar.tar", "pg_dump", ["-Ft"]),
    ("directory", "pg_dump", ["-Fd"]), ("authorization.sql", "pg_dump", ["--use-set-session-authorization"]),
    ("all.sql", "pg_dumpall", ["--exclude-database=dm*_*"]),
    ("verbose.sql", "pg_dump", ["-v"]),
  ]

  @Test("a dump in every format, with every oddity, restores whole and checks sound")
  func everyFormat() async throws {
    let source = try await PostgreSQLSource(Self.shop)
    for way in Self.ways {
      let path = try await source.dump(way.arguments, way.name, tool: way.tool)
      try await verify(path, way.name)
    }
    await source.server.stop()
  }

  @Test("a plain dump that needs a superuser for more than extensions says which key gives it one, and with that key it loads")
  func needsSuperuser() async throws {
    guard geteuid() == 0 else { return }
    let source = try await PostgreSQLSource(
      """
      CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2);
      CREATE FUNCTION note() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$;
      CREATE EVENT TRIGGER watch ON ddl_command_start EXECUTE FUNCTION note();
      """)
    let plain = try await source.dump([], "plain.sql")
    let custom = try await source.dump(["-Fc"], "custom.dump")
    await source.server.stop()
    let fault = try #require(try await PostgreSQLBench().fault(plain))
    #expect(fault.code == .permissionDenied && fault.code.verdict == .cannotDrill)
    #expect(fault.message.contains("superuser") && fault.message.contains("event trigger"), "\(fault)")
    #expect(fault.advice?.contains("Set `superuser: true` under `restore`") == true)
    var bench = PostgreSQLBench()
    bench.options.superuser = true
    #expect(try await bench.count("t", in: plain) == 2)
    // An archive can be read twice, and needs no key.
    try await PostgreSQLBench().restore(custom) { probes, report in
      let count = try await probes.sql?.count(table: "t", timeout: .seconds(30))
      #expect(count == 2 && report.notes.contains { $0.contains("superuser") })
    }
  }

  private func verify(_ path: String, _ name: String) async throws {
    do {
      try await PostgreSQLBench().restore(path) { probes, report in
        let sql = try #require(probes.sql)
        let wanted: [(String, Int64)] = [
          ("orders", 504), ("secret", 2), ("restricting", 3), ("od\"d", 1), ("parts", 1), ("sales.deals", 2), ("deals", 2), ("big", 404),
          ("many", 1),
        ]
        for (table, count) in wanted {
          #expect(try await sql.count(table: table, timeout: .seconds(10)) == count, "\(name): \(table)")
        }
        let text = try await sql.query("SELECT count(*) FROM restricting WHERE a LIKE '%restrict%'", timeout: .seconds(5), limit: 1)
        #expect(text.rows == [["2"]], "\(name)")
        let deep = try #require(try await probes.deep?.check(.full, timeout: .seconds(120)))
        #expect(deep.findings.isEmpty, "\(name): \(deep.findings)")
        let schema = try #require(try await probes.schema?.schema(timeout: .seconds(30)))
        #expect(schema.lines.contains("extension hstore"), "\(name)")
        #expect(schema.lines.contains { $0.hasPrefix("function public.text_of()") })
        #expect(report.notes.count < 20, "\(name): \(report.notes)")
      }
    } catch {
      Issue.record("\(name): \(error)")
    }
  }

  @Test("a dump with --clean from a server with another system's locale restores, and says what differs")
  func cleanedFromElsewhere() async throws {
    let folder = TemporaryFolder()
    let dump = folder.file("elsewhere.sql", Self.elsewhere)
    try await PostgreSQLBench().restore(dump) { probes, report in
      let sql = try #require(probes.sql)
      #expect(try await sql.count(table: "item", timeout: .seconds(10)) == 2)
      #expect(report.notes.contains { $0.contains("text sorts otherwise") })
      #expect(report.notes.contains { $0.contains("nothing was there to remove") })
    }
  }

  @Test("a table that a later statement misses is no harmless removal")
  func missingTable() async throws {
    let folder = TemporaryFolder()
    let dump = folder.file("missing.sql", Self.elsewhere.replacing("CREATE TABLE public.item", with: "CREATE TABLE public.thing"))
    #expect(try await PostgreSQLBench().fault(dump)?.code == .restoreFailed)
  }

  private static let elsewhere = """
    --
    -- PostgreSQL database dump
    --
    SET client_encoding = 'UTF8';
    SET default_with_oids = false;
    DROP DATABASE shop;
    CREATE DATABASE shop WITH TEMPLATE = template0 ENCODING = 'UTF8' LC_COLLATE = 'English_United States.1252'
      LC_CTYPE = 'English_United States.1252';
    ALTER DATABASE shop OWNER TO somebody;
    \\connect shop
    ALTER TABLE ONLY public.item DROP CONSTRAINT item_pkey;
    DROP TABLE public.item;
    CREATE TABLE public.item (id integer NOT NULL, name text);
    ALTER TABLE public.item OWNER TO somebody;
    COPY public.item (id, name) FROM stdin;
    1\ta
    2\tb
    \\.
    ALTER TABLE ONLY public.item ADD CONSTRAINT item_pkey PRIMARY KEY (id);
    --
    -- PostgreSQL database dump complete
    --

    """

  @Test("an empty database and odd database names restore")
  func oddDatabases() async throws {
    let source = try await PostgreSQLSource("SELECT 1", database: "od'd \"na me")
    for (name, arguments) in [("a.sql", ["-C"]), ("b.dump", ["-Fc"]), ("c.sql", [])] {
      let path = try await source.dump(arguments, name, database: "od'd \"na me")
      #expect(try await PostgreSQLBench().fault(path) == nil, "\(name)")
    }
    await source.server.stop()
  }
}
