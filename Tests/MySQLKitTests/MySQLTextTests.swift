import DrillModel
import EngineKit
import Testing

@testable import MySQLKit

@Suite("What the kit makes of texts")
struct MySQLTextTests {
  @Test(
    "values of rows are cut out of messages",
    arguments: [
      ("Duplicate entry 'anna@example.com' for key 'PRIMARY'", "Duplicate entry '…' for key 'PRIMARY'"),
      ("Duplicate entry 'it's for me' for key 'k'", "Duplicate entry '…' for key 'k'"),
      ("Incorrect integer value: 'secret' for column `a`.`b`.`c` at row 1", "Incorrect integer value: '…' for column `a`.`b`.`c` at row 1"),
      (
        "You have an error in your SQL syntax; check … to use near 'secret' at line 1",
        "You have an error in your SQL syntax; check … to use"
      ),
      ("Table 'shop.orders' doesn't exist", "Table 'shop.orders' doesn't exist"),
    ])
  func values(_ message: String, _ expected: String) { #expect(MySQLError.withoutValues(message) == expected) }

  @Test("names and values are never read as SQL")
  func quoting() {
    #expect(MySQLQuoting.identifier("a`b") == "`a``b`")
    #expect(MySQLQuoting.literal("'; --") == "_utf8mb4 0x273b202d2d")
    #expect(MySQLQuoting.literal("") == "''")
  }

  @Test("an endpoint shows no password")
  func endpoint() {
    let endpoint = MySQLEndpoint(.socket("/s"), user: "u", password: "hidden")
    #expect(!"\(endpoint)\(String(reflecting: endpoint))".contains("hidden"))
    var text = ""
    dump(endpoint, to: &text)
    #expect(!text.contains("hidden"))
  }

  @Test("every line of CHECK TABLE counts")
  func report() {
    func findings(_ lines: [(String, String)]) -> [String] {
      var report = MySQLCheckReport()
      report.take(lines.map { ["d.t", "check", $0.0, $0.1] }, of: "d.t", isView: false)
      return report.findings
    }
    #expect(findings([("status", "OK")]).isEmpty)
    #expect(findings([("warning", "1 client is using or hasn't closed the table properly"), ("status", "OK")]).isEmpty)
    #expect(findings([("note", "The storage engine for the table doesn't support check")]).isEmpty)
    #expect(findings([("error", "Corrupt")]) == ["d.t: error: Corrupt"])
    #expect(findings([("warning", "Index k is corrupted"), ("error", "Corrupt")]).count == 2)
    #expect(findings([("status", "Operation failed")]) == ["d.t: status: Operation failed"])
    #expect(findings([("error", "x"), ("status", "OK")]) == ["d.t: error: x"])
    #expect(findings([]) == ["d.t: CHECK TABLE gave no verdict"])
    let orphan = [("Error", "The user specified as a definer ('a'@'b') does not exist"), ("error", "Corrupt")]
    #expect(findings(orphan).count == 2)
    var views = MySQLCheckReport()
    views.take(orphan.map { ["d.v", "check", $0.0, $0.1] }, of: "d.v", isView: true)
    #expect(views.findings.isEmpty && views.scope(.quick).contains("definer"), "\(views)")
  }
}
