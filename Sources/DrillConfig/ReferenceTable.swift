/// The reference of all keys in Markdown, made from the declarations.
package enum ReferenceTable {
  /// Both files' keys, then those of each source, engine and check.
  package static func markdown<Engine, Source, Check>(_ vocabulary: Vocabulary<Engine, Source, Check>) -> String {
    var sections = [
      section("drillmark.yaml", siteKeys.documentation), section("A drill file", drillKeys.documentation),
      section("`backup`", backupKeys.documentation + [logsRow]),
    ]
    for source in vocabulary.sources {
      sections.append(section("`backup` with the source `\(source.name)`", source.rows, source.summary))
    }
    sections.append(section("`restore`", restoreRows(vocabulary.engines.map(\.name))))
    for engine in vocabulary.engines { sections.append(section("`restore` with the engine `\(engine.name)`", engine.rows, engine.summary)) }
    sections.append(section("Every check", checkKeys.documentation))
    for check in vocabulary.checks {
      let short = check.shorthandSummary.map { " May be written short, as the value alone (\($0))." } ?? ""
      sections.append(section("The check `\(check.name)`", check.rows, check.summary + short))
    }
    return sections.joined(separator: "\n")
  }

  private static var logsRow: KeyRow {
    KeyRow(name: "logs", type: "mapping", isRequired: false, defaultText: nil, documentation: logsText, rows: logKeys.documentation)
  }

  private static func restoreRows(_ engines: [String]) -> [KeyRow] {
    let names = alternatives(engines.map { "`\($0)`" })
    return [
      KeyRow(name: "engine", type: names, isRequired: true, defaultText: nil, documentation: "What restores the backup.", rows: []),
      KeyRow(
        name: "scratch", type: "mapping", isRequired: false, defaultText: nil,
        documentation: "The scratch target; may stand at the top of the file instead.", rows: scratchKeys.documentation),
    ]
  }

  private static func section(_ title: String, _ rows: [KeyRow], _ summary: String = "") -> String {
    let intro = summary.isEmpty ? "" : "\(summary)\n\n"
    if rows.isEmpty { return "## \(title)\n\n\(intro)No keys of its own.\n" }
    let table = lines(rows, under: "").joined(separator: "\n")
    return "## \(title)\n\n\(intro)| key | value | when left out | meaning |\n|---|---|---|---|\n\(table)\n"
  }

  private static func lines(_ rows: [KeyRow], under prefix: String) -> [String] {
    rows.flatMap { row in
      let fallback = row.isRequired ? "*required*" : row.defaultText.map(shown) ?? ""
      let line = "| `\(prefix)\(row.name)` | \(cell(row.type)) | \(cell(fallback)) | \(cell(row.documentation)) |"
      return [line] + lines(row.rows, under: "\(prefix)\(row.name).")
    }
  }

  /// What could be written is shown as code, a description as text.
  private static func shown(_ fallback: String) -> String {
    fallback.contains(" ") && !fallback.hasPrefix("[") ? fallback : "`\(fallback)`"
  }

  private static func cell(_ text: String) -> String { text.split(separator: "|").joined(separator: "\\|") }
}
