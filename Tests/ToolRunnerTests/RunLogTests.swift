import DrillModel
import DrillTestSupport
import Glibc
import Testing

@testable import ToolRunner

@Suite("The run's log")
struct RunLogTests {
  private let source = ToolSource(tool: "psql", pid: 12, stream: .errors)

  private func logged(_ pieces: [String], secrets: [String] = [], limit: Int = 1 << 20) throws -> String {
    let folder = TemporaryFolder()
    let path = "\(folder.path)/log"
    let log = try RunLog(path: path, secrets: secrets, limit: limit) { Timestamp(seconds: 0) }
    for piece in pieces { Array(piece.utf8).withUnsafeBytes { log.append($0, from: source) } }
    log.end(source)
    var found = stat()
    #expect(stat(path, &found) == 0 && found.st_mode & 0o777 == 0o600)
    return String(decoding: contents(of: path) ?? [], as: UTF8.self)
  }

  @Test("a line carries time, tool, stream and text, however it came in pieces")
  func line() throws {
    let text = try logged(["on", "e\ntw", "o"])
    #expect(text == "1970-01-01T00:00:00.000Z psql[12] err: one\n1970-01-01T00:00:00.000Z psql[12] err: two\n")
  }

  @Test("a secret that spans pieces is redacted at every border")
  func borders() throws {
    let whole = Array("before s3cr3t-value after s3cr3t-valu".utf8)
    for border in 1..<whole.count {
      var redactor = Redactor(secrets: ["s3cr3t-value", "s3cr3t"])
      let shown = redactor.process(whole[..<border]) + redactor.process(whole[border...]) + redactor.finish()
      #expect(String(decoding: shown, as: UTF8.self) == "before [redacted] after [redacted]-valu", "border \(border)")
    }
  }

  @Test("each line of a key of several lines is a secret")
  func key() throws {
    let key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\n-----END KEY-----"
    #expect(!(try logged(["loading MIIEvQIBADANBgkqhkiG9w0B now\n"], secrets: [key])).contains("MIIE"))
  }

  @Test(
    "what has the form of a secret is redacted",
    arguments: [
      ("ALTER ROLE a PASSWORD 'it''s x' VALID", "ALTER ROLE a PASSWORD '[redacted]' VALID"),
      ("conn: host=h password=geheim dbname=d", "conn: host=h password=[redacted] dbname=d"),
      ("postgresql://me:p@ss@db:5432/x?y", "postgresql://me:[redacted]@db:5432/x?y"),
      ("{\"password\": \"abc\", \"a\": 1}", "{\"password\": \"[redacted]\", \"a\": 1}"),
      ("CREATE USER a IDENTIFIED BY 'q'", "CREATE USER a IDENTIFIED BY '[redacted]'"),
    ])
  func patterns(line: String, shown: String) throws {
    #expect(try logged([line + "\n"]).contains("err: \(shown)\n"))
  }

  @Test(
    "text without a secret stays as it is",
    arguments: ["password authentication failed for user \"a\"", "see https://example.com/a:b@c", "3 rows", "secret_table has 3 rows"])
  func untouched(line: String) throws {
    #expect(try logged([line + "\n"]).contains("err: \(line)\n"))
  }

  @Test("control characters cannot reach a terminal")
  func control() throws {
    let text = try logged(["a\u{1B}[2Jb\u{202E}c\td\n"])
    #expect(text.hasSuffix("a\\u{1b}[2Jb\\u{202e}c\\td\n"))
  }

  @Test("the log stops at its limit and says so")
  func full() throws {
    let text = try logged((0..<1000).map { "line \($0)\n" }, limit: 2000)
    #expect(text.utf8.count < 2200 && text.hasSuffix("the log is full; what follows is not kept\n"))
  }

  @Test("a log that cannot be opened is a clear fault")
  func unopenable() {
    let fault = #expect(throws: Fault.self) { try RunLog(path: "/nonexistent/log", secrets: []) { Timestamp(seconds: 0) } }
    #expect(fault?.message.contains("/nonexistent/log") == true)
  }

  @Test("what a tool says reaches the log through the runner, without the secret")
  func endToEnd() async throws {
    let folder = TemporaryFolder()
    let path = "\(folder.path)/log"
    let log = try RunLog(path: path, secrets: ["hunter2hunter2"]) { Timestamp(seconds: 0) }
    _ = try await tools(log: log).run(shell("echo connected as hunter2hunter2; echo oops >&2"))
    let text = String(decoding: contents(of: path) ?? [], as: UTF8.self)
    #expect(text.contains("] out: connected as [redacted]\n") && text.contains("] err: oops\n"))
  }
}
