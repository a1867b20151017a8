import DrillModel
import Selecting
import Testing

@Suite("Name patterns")
struct NamePatternTests {
  private func instant(_ pattern: String, _ name: String, zone: String = "UTC") throws -> Timestamp? {
    let match = try NamePattern(pattern).match(name)
    return match?.instant(in: try #require(Zone(zone)))
  }

  @Test(
    "fields carry the time",
    arguments: [
      ("orderdb_%Y%m%d_%H%M%S.sql.gz", "orderdb_20261101_043000.sql.gz", "2026-11-01T04:30:00Z"),
      ("db-%Y-%m-%dT%H:%M:%SZ.dump", "db-2026-11-01T04:30:00Z.dump", "2026-11-01T04:30:00Z"),
      ("db-%FT%T.dump", "db-2026-11-01T04:30:05.dump", "2026-11-01T04:30:05Z"), ("%F_%R", "2026-11-01_04:30", "2026-11-01T04:30:00Z"),
      ("b.%s", "b.1795316400", "2026-11-22T03:00:00Z"), ("b.%s%f", "b.1795316400123", "2026-11-22T03:00:00.123Z"),
      ("%y%m%d", "261101", "2026-11-01T00:00:00Z"), ("%y%m%d", "700101", "1970-01-01T00:00:00Z"),
      ("%Y.%j", "2024.366", "2024-12-31T00:00:00Z"),
      ("%d%b%Y", "01NOV2026", "2026-11-01T00:00:00Z"), ("%d-%B-%Y", "01-november-2026", "2026-11-01T00:00:00Z"),
      ("%Y%m%d%H", "2026110104", "2026-11-01T04:00:00Z"), ("%Y-%m-%d %I%p", "2026-11-01 12AM", "2026-11-01T00:00:00Z"),
      ("%Y-%m-%d %I:%M%p", "2026-11-01 12:30pm", "2026-11-01T12:30:00Z"), ("%Y-%m-%d %I%p", "2026-11-01 11pm", "2026-11-01T23:00:00Z"),
      ("%Y%m%d-%H%M%S.%f", "20261101-043000.1234567", "2026-11-01T04:30:00.123Z"),
      ("%Y%m%dT%H%M%S%z", "20261101T043000+0200", "2026-11-01T02:30:00Z"),
      ("%Y%m%dT%H%M%S%z", "20261101T043000-05:30", "2026-11-01T10:00:00Z"),
      ("%Y%m%dT%H%M%S%z", "20261101T043000Z", "2026-11-01T04:30:00Z"),
      ("%Y%m%dT%H%M%S%z.gz", "20261101T043000+02.gz", "2026-11-01T02:30:00Z"),
      ("%Y/%m/%d/db-%Y%m%d.gz", "2026/11/01/db-20261101.gz", "2026-11-01T00:00:00Z"),
      ("full-%Y-%m.tar", "full-2026-11.tar", "2026-11-01T00:00:00Z"),
      ("%a-%Y%m%d", "Sun-20261101", "2026-11-01T00:00:00Z"), ("100%%-%Y%m%d", "100%-20261101", "2026-11-01T00:00:00Z"),
      ("*%Y%m%d*", "server12345678-20261101-x.gz", "2026-11-01T00:00:00Z"),
      ("*_%Y%m%d_%H%M%S.*", "a_b_20261101_043000.sql.gz", "2026-11-01T04:30:00Z"),
      ("%Y%m%d_%H%M%S", "20261231_235960", "2026-12-31T23:59:59Z"), ("ü-%Y%m%d-?", "ü-20261101-é", "2026-11-01T00:00:00Z"),
    ])
  func times(_ pattern: String, _ name: String, _ expected: String) throws {
    #expect(try instant(pattern, name) == Timestamp(rfc3339: expected))
  }

  @Test(
    "shell wildcards match as in a shell",
    arguments: [
      ("*", "a.b", true), ("*", "a/b", false), ("*/*", "a/b", true), ("?", "é", true), ("?", "ab", false), ("?", "/", false),
      ("*.gz", ".gz", true),
      ("a*b*c", "aXbYbZc", true), ("a*b*c", "aXcYb", false), ("[abc]x", "bx", true), ("[abc]x", "dx", false), ("[!abc]x", "dx", true),
      ("[^a-c]x", "bx", false), ("[a-c0-9]", "7", true), ("[]]", "]", true), ("[!]]", "]", false), ("[a-]", "-", true), ("[[]", "[", true),
      ("[!a]", "/", false), ("a.c", "abc", false), ("A", "a", false), ("**", "abc", true),
      ("**", "a/b/c", true), ("v*/**Full-*", "v1/Backup-1/Full-2", true), ("v*/**Full-*", "v2/Full-2", true), ("v2/**", "v1/a", false),
      ("(a|b)+$^", "(a|b)+$^", true),
      ("a\\b", "a\\b", true),
      ("[é-ö]", "ö", true), ("", "", false),
    ])
  func wildcards(_ pattern: String, _ name: String, _ matches: Bool) {
    let match = try? NamePattern(pattern).match(name)
    #expect((match != nil) == matches)
  }

  @Test(
    "a wrong pattern is a configuration fault that names its column",
    arguments: [
      ("%Q", "column 2"), ("db_%Z", "column 5"), ("abc%", "column 4"), ("x[abc", "column"), ("[z-a]", "column"), ("", "empty"),
      ("/x", "column 1"),
      ("%H%M", "whole date"), ("%Y%d", "whole date"), ("%Y%m%d%M", "time of day"), ("%Y%m%d%I", "%p"), ("%Y%m%H", "no day"),
      ("%Y%m%d%H%S", "time of day"),
      ("%-d", "column 2"),
    ])
  func refused(_ pattern: String, _ part: String) {
    let fault = #expect(throws: Fault.self) { try NamePattern(pattern) }
    #expect(fault?.code == .configuration)
    #expect(fault?.message.contains(part) == true, "\(fault?.description ?? "")")
  }

  @Test(
    "an impossible date fits the pattern, has no time, and is told",
    arguments: [
      ("%Y%m%d", "20260230"), ("%Y%m%d", "20261345"), ("%Y%m%d", "20250229"), ("%Y-%m-%d_%H%M", "2026-11-01_2500"), ("%Y.%j", "2025.366"),
      ("%Y/%Y%m%d", "2025/20261101"), ("%Y%m%d", "00000000"),
    ])
  func impossible(_ pattern: String, _ name: String) throws {
    let match = try #require(try NamePattern(pattern).match(name))
    #expect(match.civil == nil && match.impossible != nil)
  }

  @Test("what an impossible date says", arguments: [("%Y%m%d", "20260230", "2026-02-30 does not exist")])
  func impossibleText(_ pattern: String, _ name: String, _ text: String) throws {
    #expect(try NamePattern(pattern).match(name)?.impossible == text)
  }

  @Test("letters where digits belong do not fit", arguments: ["2026110x", "2026110", "202611011", "２０２６１１０１", "-2026110"])
  func misfits(_ name: String) throws { #expect(try NamePattern("%Y%m%d").match(name) == nil) }

  @Test("a date without a time of day says so")
  func dateOnly() throws {
    #expect(try NamePattern("%Y%m%d").match("20261101")?.isDateOnly == true)
    #expect(try NamePattern("%Y-%m").match("2026-11")?.isDateOnly == true)
    #expect(try NamePattern("%Y%m%d%H").match("2026110104")?.isDateOnly == false)
    #expect(try NamePattern("*.gz").match("a.gz")?.isDateOnly == false)
  }

  @Test(
    "names are read in the declared zone, through both changes of the clocks",
    arguments: [
      ("20261122040000", "Europe/Berlin", "2026-11-22T03:00:00Z"), ("20260701040000", "Europe/Berlin", "2026-07-01T02:00:00Z"),
      // Happens twice: the earlier, which makes the backup older.
      ("20261025023000", "Europe/Berlin", "2026-10-25T00:30:00Z"), ("20261101013000", "America/New_York", "2026-11-01T05:30:00Z"),
      // Never happens: moved forward by the jump.
      ("20260329023000", "Europe/Berlin", "2026-03-29T01:30:00Z"),
    ])
  func zones(_ name: String, _ zone: String, _ expected: String) throws {
    #expect(try instant("%Y%m%d%H%M%S", name, zone: zone) == Timestamp(rfc3339: expected))
  }

  @Test("an offset in the name beats the declared zone")
  func offset() throws {
    #expect(try instant("%Y%m%dT%H%M%S%z", "20261101T043000+0000", zone: "Asia/Tokyo") == Timestamp(rfc3339: "2026-11-01T04:30:00Z"))
  }

  @Test("matching is linear: a pattern that would explode by backtracking answers at once")
  func linear() throws {
    let pattern = try NamePattern(String(repeating: "*a", count: 60) + "b")
    let name = String(repeating: "a", count: 5000)
    var match: NameMatch?
    let taken = ContinuousClock().measure { match = pattern.match(name) }
    #expect(match == nil)
    #expect(taken < .seconds(5), "took \(taken)")
    let fields = try NamePattern("%Y%m%d%H%M%S" + String(repeating: "*%f", count: 30) + "x")
    let digits = "20261101043000" + String(repeating: "1", count: 500)
    let again = ContinuousClock().measure { match = fields.match(digits) }
    #expect(match == nil)
    #expect(again < .seconds(5), "took \(again)")
  }

  @Test("a matcher with wildcards agrees with a plain recursive one")
  func property() throws {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<3000 {
      let pattern = String((0..<Int.random(in: 1...6, using: &random)).compactMap { _ in "ab*?".randomElement(using: &random) })
      let name = String((0..<Int.random(in: 0...7, using: &random)).compactMap { _ in "ab/".randomElement(using: &random) })
      #expect(try (NamePattern(pattern).match(name) != nil) == plain(Array(pattern), Array(name)), "\(pattern) \(name)")
    }
  }

  private func plain(_ pattern: [Character], _ name: [Character]) -> Bool {
    guard let first = pattern.first else { return name.isEmpty }
    let rest = Array(pattern.dropFirst())
    switch first {
    case "*" where pattern.starts(with: "**"):
      let rest = Array(pattern.drop { $0 == "*" })
      return (0...name.count).contains { plain(rest, Array(name[$0...])) }
    case "*": return plain(rest, name) || (name.first.map { $0 != "/" } ?? false) && plain(pattern, Array(name.dropFirst()))
    case "?": return (name.first.map { $0 != "/" } ?? false) && plain(rest, Array(name.dropFirst()))
    default: return name.first == first && plain(rest, Array(name.dropFirst()))
    }
  }

  @Test("hostile names are taken as they are", arguments: ["'; DROP TABLE x", "a\nb", "<script>", "$(id)", "-rf", "\u{202E}gz", "%Y"])
  func hostile(_ name: String) throws { #expect(try NamePattern("*").match(name) != nil) }

  @Test("the depth of the folders is the pattern's own")
  func depth() throws {
    #expect(try NamePattern("%Y/%m/*.gz").depth == 2)
    #expect(try NamePattern("*.gz").depth == 0)
  }
}
