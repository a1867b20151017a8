import DrillModel
import DrillTestSupport
import Foundation
import Reporting
import Testing

@Suite("Hostile names are inert in every format")
struct HostileReportTests {
  @Test("no format carries a control, a bidirectional mark or a script of theirs", arguments: SampleReport.Format.allCases)
  func inert(_ format: SampleReport.Format) throws {
    let text = try SampleReport.text(format)
    let allowed: Set<Unicode.Scalar> = ["\n", "\r"]
    #expect(!text.unicodeScalars.contains { ($0.value < 0x20 && !allowed.contains($0)) || (0x202A...0x202E).contains($0.value) })
    #expect(format == .csv || !text.contains("<script>alert"))
    #expect(text.contains("alert"), "the name is not there at all")
  }

  @Test(
    "the page passes a strict parser: balanced, no script, nothing loaded, every id once", .enabled(if: HTMLCheck.isThere, "no python3"))
  func page() async throws {
    let result = await HTMLCheck.run(try SampleReport.text(.html))
    #expect(result.status == 0, "\(result.said)")
  }

  @Test("the parser is strict", .enabled(if: HTMLCheck.isThere, "no python3"))
  func parser() async throws {
    let page = try SampleReport.text(.html)
    for (there, instead) in [
      ("<main>", "<main><script>1</script>"), ("<main>", "<main><div>"), ("<main>", "<main><p id=\"glance\">x</p>"),
      ("<main>", "<main onclick=\"x\">"), ("<main>", "<main><img src=\"x.png\">"),
      ("<main>", "<main><a href=\"https://example.com\">x</a>"),
      ("<main>", "<main style=\"color:red\">"), ("script-free", "x"),
    ] where page.contains(there) {
      let result = await HTMLCheck.run(page.replacing(there, with: instead))
      #expect(result.status == 1, "\(instead): \(result.said)")
    }
  }

  @Test("the policy allows nothing but the page's own style sheet, by its digest", .enabled(if: HTMLCheck.isThere, "no python3"))
  func policy() async throws {
    let page = try SampleReport.text(.html)
    #expect(page.contains("content=\"default-src 'none'; style-src 'sha256-"))
    let changed = page.replacing("*{box-sizing:border-box}", with: "*{box-sizing:content-box}")
    #expect(await HTMLCheck.run(changed).status == 1)
  }

  @Test("no cell of CSV begins like a formula, and every row has every column")
  func formulas() throws {
    let rows = CSVRows.read(try SampleReport.text(.csv))
    #expect(rows.count > 80 && rows.allSatisfy { $0.count == rows[0].count })
    let first: Set<Character> = ["=", "+", "-", "@", "\t", "\r"]
    #expect(!rows.joined().contains { cell in cell.first.map(first.contains) ?? false })
    #expect(rows.contains { $0[1].hasPrefix("\\u{202e}=cmd") })
  }

  @Test(
    "formulas are disarmed however they begin",
    arguments: ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "＝1", "|x", "%0A=1"])
  func disarmed(_ name: String) throws {
    let report = SampleReport.report([SampleReport.drill(name, [])])
    let cell = CSVRows.read(try SampleReport.text(.csv, report))[1][1]
    #expect(cell.hasPrefix("'") || cell.hasPrefix("\\u{9}"), "\(cell)")
  }

  @Test("JSON is one document that keeps the name as it is") func json() throws {
    let document = try #require(JSONValue(try SampleReport.text(.json)))
    #expect(document["drills"].items.contains { $0["drill"].text == SampleReport.hostile })
    #expect(document["drills"].items.first { $0["drill"].text == "orders" }?["runs"].items.count == 70)
  }

  @Test("JUnit is well-formed XML whose counts are right", .enabled(if: HTMLCheck.isThere, "no python3"))
  func junit() async throws {
    let folder = TemporaryFolder("dmjunit")
    let path = folder.file("report.xml", try SampleReport.text(.xml))
    let program = """
      import sys, xml.etree.ElementTree as t
      root = t.parse(sys.argv[1]).getroot()
      for s in root.iter('testsuite'):
          cases = s.findall('testcase')
          assert int(s.get('tests')) == len(cases), s.get('name')
          for kind in ('failure', 'error', 'skipped'):
              key = {'failure': 'failures', 'error': 'errors', 'skipped': 'skipped'}[kind]
              assert int(s.get(key)) == sum(1 for c in cases if c.find(kind) is not None), (s.get('name'), kind)
      assert int(root.get('tests')) == len(list(root.iter('testcase')))
      """
    let result = await HostCommand.run([HTMLCheck.python, "-c", program, path])
    #expect(result.status == 0, "\(result.said)")
  }

  @Test("a name that looks like a list in Markdown is none", arguments: [("- a", "\\- a"), ("12. a", "12\\. a"), ("a - 1. b", "a - 1. b")])
  func lists(_ name: String, _ shown: String) throws {
    let text = try SampleReport.text(.md, SampleReport.report([SampleReport.drill(name, [])]))
    #expect(text.contains("- \(shown) was never tested."), "\(text)")
  }

  @Test("Markdown keeps a name from being a link, a table cell, a list or markup") func markdown() throws {
    let text = try SampleReport.text(.md)
    #expect(text.contains("\\[a\\]\\(javascript:b\\)") && text.contains("\\<script\\>") && text.contains("\\| \\&"))
    let rows = text.split(separator: "\n").filter { $0.hasPrefix("|") }
    #expect(Set(rows.map { $0.replacing("\\|", with: "").count { $0 == "|" } }).isSubset(of: [10, 6, 9, 8]))
  }
}
