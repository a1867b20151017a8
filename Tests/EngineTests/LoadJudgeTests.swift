import DrillModel
import EngineKit
import PostgreSQLKit
import Testing

@testable import EnginePostgreSQL

@Suite("What an error of a load means")
struct LoadJudgeTests {
  private func judge(_ command: String, _ message: String, _ state: String? = nil, superuser: Bool = false) -> LoadJudge.Judgement {
    let programs = Installation(major: 15, version: "15.20", programs: "/nonexistent")
    return LoadJudge(installation: programs, serverVersion: "15.20", isSuperuser: superuser, dumpMajor: 15)
      .judge(LoadError(sqlState: state, message: message, command: command, line: 7))
  }

  private func isHarmless(_ judgement: LoadJudge.Judgement) -> Bool {
    if case .harmless = judgement { true } else { false }
  }

  private func code(_ judgement: LoadJudge.Judgement) -> FaultCode? {
    if case .fault(let fault) = judgement { fault.code } else { nil }
  }

  @Test(
    "what follows from a publication or subscription that was left out is harmless",
    arguments: [
      ("ALTER PUBLICATION pub OWNER TO postgres;", "publication \"pub\" does not exist"),
      ("ALTER PUBLICATION pub ADD TABLE ONLY public.t;", "publication \"pub\" does not exist"),
      ("ALTER SUBSCRIPTION sub OWNER TO postgres;", "subscription \"sub\" does not exist"),
      ("COMMENT ON PUBLICATION pub IS 'x';", "publication \"pub\" does not exist"),
    ])
  func replication(_ command: String, _ message: String) {
    #expect(isHarmless(judge(command, message, "42704")))
    #expect(isHarmless(judge(command, message, "42704", superuser: true)))
  }

  @Test("what data needs and is missing breaks the restore")
  func missing() {
    #expect(code(judge("INSERT INTO t VALUES (1);", "relation \"t\" does not exist", "42P01")) == .restoreFailed)
    #expect(code(judge("CREATE TABLE t (a mood);", "type \"mood\" does not exist", "42704")) == .restoreFailed)
    #expect(code(judge("CREATE INDEX ON t (a);", "publication \"pub\" does not exist", "42704")) == .restoreFailed)
  }

  @Test("a role that is there already is harmless; a table that is there already is not")
  func existing() {
    #expect(isHarmless(judge("CREATE ROLE app;", "role \"app\" already exists", "42710", superuser: true)))
    #expect(code(judge("CREATE TABLE t (a int);", "relation \"t\" already exists", "42P07", superuser: true)) == .restoreFailed)
  }

  @Test("a right that is missing asks for a superuser once, and what only hands out rights is left out")
  func rights() {
    #expect(isHarmless(judge("ALTER TABLE t OWNER TO boss;", "must be member of role \"boss\"", "42501")))
    guard case .needsSuperuser = judge("CREATE EVENT TRIGGER et", "permission denied to create event trigger \"et\"", "42501") else {
      Issue.record("an event trigger needs a superuser")
      return
    }
    #expect(code(judge("CREATE EVENT TRIGGER et", "permission denied", "42501", superuser: true)) == .restoreFailed)
  }

  @Test("a full disk, a missing extension and a broken server are ours")
  func ours() {
    #expect(code(judge("COPY t FROM stdin;", "could not extend file \"base/1/2\": No space left on device", "53100")) == .noSpace)
    #expect(code(judge("CREATE EXTENSION postgis;", "extension \"postgis\" is not available", "0A000")) == .toolMissing)
    #expect(code(judge("COPY t FROM stdin;", "error returned by PQputCopyData: server closed the connection unexpectedly")) == .toolFailed)
  }
}

@Suite("What an answer of the server means for a check")
struct ServerErrorTests {
  private func meaning(_ state: String, _ message: String = "x") -> String {
    let error = ServerError(sqlState: state, message: message).probeError(timeout: .seconds(1))
    if case .missing = error { return "missing" }
    if case .unavailable = error { return "unavailable" }
    if case .damaged = error { return "damaged" }
    return "other"
  }

  @Test("what lies on a foreign server could not be looked at, which says nothing of the backup")
  func foreign() {
    #expect(meaning("HV00N") == "unavailable")
    #expect(meaning("2F003", "password is required") == "unavailable")
    #expect(meaning("08001", "could not connect to server \"far\"") == "unavailable")
    #expect(meaning("42704", "user mapping not found for \"dm_check\"") == "unavailable")
  }

  @Test("what is missing or damaged here stays a finding")
  func here() {
    #expect(meaning("42704", "type \"mood\" does not exist") == "missing")
    #expect(meaning("42P01") == "missing")
    #expect(meaning("XX001") == "damaged")
    #expect(meaning("22021") == "damaged")
  }
}
