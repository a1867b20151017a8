import DrillConfig
import DrillModel
import Testing

private struct RowsCheck: Sendable, Equatable {
  var table = ""
  var min: Int?
  var maxAge: Duration?
}

private let rows = Section<RowsCheck>(
  [
    Key("table", \.table, .nonEmptyString, required: true, "The table or view, which may be qualified."),
    Key("min", \.min, .integer(0...Int.max), "The least number of rows."),
    Key("max-age", \.maxAge, .positiveDuration, "The greatest age of the newest record."),
  ], rules: [.atMostOne(["min", "max-age"])])

private func read(_ yaml: String) -> (value: RowsCheck?, messages: [String]) {
  var diagnostics = Diagnostics()
  let node = YAMLDocument.read(Array(yaml.utf8), file: ConfigFile(shown: "d.yaml", directory: "/srv"), &diagnostics)
  let value = node.flatMap { rows.read($0, &diagnostics, into: RowsCheck()) }
  return (value, diagnostics.all.map(\.description))
}

@Suite("A declared section") struct DeclaredSectionTests {
  @Test("reads its keys into the options") func reads() {
    let (value, messages) = read("table: orders\nmin: 10 # at least\n")
    #expect(value == RowsCheck(table: "orders", min: 10))
    #expect(messages == [])
  }

  @Test("reports everything at once, each at its place") func reports() {
    let (value, messages) = read("tabel: orders\nmin: soon\nmax-age: 5\n")
    #expect(value == nil)
    #expect(
      messages == [
        "d.yaml:1:1: unknown key \"tabel\"; did you mean `table`?",
        "d.yaml:2:6: expected a whole number of at least 0, found \"soon\"",
        "d.yaml:3:10: expected a duration such as 90s, 5m or 1h30m, found \"5\"; add a unit, as in 5s",
        "d.yaml:1:1: the key table is missing: The table or view, which may be qualified.",
        "d.yaml:3:1: only one of the keys min and max-age can be given",
      ])
  }
}
