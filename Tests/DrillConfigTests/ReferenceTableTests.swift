import Testing

@testable import DrillConfig

@Suite("The reference of keys") struct ReferenceTableTests {
  private let text = ReferenceTable.markdown(sampleVocabulary)

  @Test("has a row for each key, nested ones with their path") func rows() {
    #expect(text.contains("| `jobs` | whole number from 1 to 64 | `1` | Parallel restoring. |"))
    #expect(text.contains("| `table` | text | *required* | The table. |"))
    #expect(text.contains("| `scratch.keep-free` | percentage or size | `10%` |"))
    #expect(text.contains("| `select.at` | time |"))
    #expect(text.contains("| `tiers.NAME.rpo` | duration |"))
    #expect(text.contains("| `engine` | `postgresql` or `files` | *required* |"))
  }

  @Test("has a part for each source, engine and check") func parts() {
    for title in ["source `s3`", "engine `files`", "check `engine`", "Every check", "drillmark.yaml"] { #expect(text.contains(title)) }
    #expect(text.contains("May be written short, as the value alone (`quick` or `full`)."))
  }
}
