import DrillModel
import EnginePostgreSQL
import Testing

@Suite("The first comments of a plain dump")
struct PlainHeaderTests {
  private let usual = """
    --
    -- PostgreSQL database dump
    --

    \\restrict abc

    -- Dumped from database version 15.20 (Debian 15.20-0+deb12u1)
    -- Dumped by pg_dump version 17.2

    SET statement_timeout = 0;
    SET client_encoding = 'LATIN1';

    CREATE TABLE public.t (a integer);
    """

  @Test("banner, versions and encoding are read, with either kind of line end")
  func whole() {
    for text in [usual, usual.replacing("\n", with: "\r\n")] {
      let header = PlainHeader(text)
      #expect(header.banner == .database)
      #expect(header.serverVersion == "15.20 (Debian 15.20-0+deb12u1)")
      #expect(header.dumpVersion == "17.2")
      #expect(header.clientEncoding == "LATIN1")
      #expect(header.started == nil && header.startedLocal == nil)
    }
  }

  @Test("a cluster's banner is told from a database's, and each knows its trailer")
  func cluster() {
    let header = PlainHeader("--\n-- PostgreSQL database cluster dump\n--\n\n-- PostgreSQL database dump\n")
    #expect(header.banner == .cluster)
    #expect(PlainHeader.Banner.cluster.trailer == "-- PostgreSQL database cluster dump complete")
    #expect(PlainHeader.Banner.database.trailer == "-- PostgreSQL database dump complete")
  }

  @Test("a time with UTC or an offset is an instant, one with an abbreviation only a wall time")
  func times() {
    func header(_ time: String) -> PlainHeader { PlainHeader("-- Started on \(time)\n") }
    let instant = Timestamp(rfc3339: "2026-11-21T09:46:11Z")
    #expect(header("2026-11-21 09:46:11 UTC").started == instant)
    #expect(header("2026-11-21 09:46:11 GMT").started == instant)
    #expect(header("2026-11-21 10:46:11 +0100").started == instant)
    #expect(header("2026-11-21 04:16:11 -0530").started == instant)
    let local = header("2026-11-21 10:46:11 CET")
    #expect(local.started == nil && local.startedLocal == CivilTime(year: 2026, month: 11, day: 21, hour: 10, minute: 46, second: 11))
    #expect(header("2026-11-21 10:46:11").started == nil && header("2026-11-21 10:46:11").startedLocal != nil)
  }

  @Test(
    "a time that is none is passed over",
    arguments: ["", "yesterday", "2026-13-41 99:99:99 UTC", "2026-11-21", "2026-11-21 09:46:11 +9999", "21.11.2026 09:46:11 UTC", "- - -"])
  func noTime(_ time: String) {
    let header = PlainHeader("-- PostgreSQL database dump\n-- Started on \(time)\n")
    #expect(header.started == nil)
    #expect(header.banner == .database)
  }

  @Test("only the first of each counts, and nothing that stands in the data")
  func dataIsNoHeader() {
    let first = PlainHeader("-- Dumped by pg_dump version 15.1\n-- Dumped by pg_dump version 9.9\n")
    #expect(first.dumpVersion == "15.1")
    for beginning in ["CREATE TABLE t (a text);", "COPY t FROM stdin;"] {
      let late = PlainHeader(
        "\(beginning)\n-- PostgreSQL database dump\n-- Dumped from database version 1\n-- Started on 2026-11-21 09:46:11 UTC\n")
      #expect(late == PlainHeader(""))
    }
    #expect(PlainHeader("x -- PostgreSQL database dump\n -- PostgreSQL database dump\n-- PostgreSQL database dump!\n").banner == nil)
  }

  @Test("hostile beginnings give no header and take no time", .timeLimit(.minutes(1)))
  func hostile() {
    let long = String(repeating: "a", count: 5_000_000)
    let lines = String(repeating: "--\n", count: 100_000)
    for text in [
      long, lines + usual, "\u{0}\u{202E}\u{FEFF}", "-- Started on \(long) \(long)\n",
    ] {
      #expect(PlainHeader(text).banner == nil)
    }
    let quoted = PlainHeader("SET client_encoding = '<script>';\n-- Dumped from database version $(id)`\u{202E}\n")
    #expect(quoted.clientEncoding == "<script>" && quoted.serverVersion == "$(id)`\u{202E}")
  }
}
