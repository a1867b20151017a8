import DrillModel
import EngineKit
import Manifests

/// Tables of a restored system compared with a manifest so far.
struct DigestComparison {
  let wanted: TableManifest
  let origin: DigestOrigin
  private var compared = 0
  private var rows: Int64 = 0
  private var problems: [String] = []
  /// What could not be told, and why.
  private var open: [String] = []

  /// Problems named in the record; the rest is counted.
  private static let shown = 20

  init(wanted: TableManifest, origin: DigestOrigin) {
    self.wanted = wanted
    self.origin = origin
  }

  /// - Throws: `Fault` with code `configuration` when the digests were made in another way, so that nothing of them can be compared.
  func requireMethod() throws {
    guard wanted.origin.method != origin.method else { return }
    throw Fault(
      .configuration,
      "the manifest was made by the method \(InertText.line(wanted.origin.method, limit: 60)), and the restored system is digested by \(origin.method)",
      advice: "Take the manifest of a \(origin.system) server, with this version of Drillmark")
  }

  mutating func missing(_ table: String) { problems.append("\(Self.shown(table)): missing") }

  mutating func extra(_ tables: Set<String>) {
    for table in tables.sorted() { problems.append("\(Self.shown(table)): not in the manifest") }
  }

  mutating func unanswered(_ table: String, _ why: String) { open.append("\(Self.shown(table)): \(why)") }

  mutating func take(_ digest: TableDigest, of table: String) {
    guard let old = wanted.tables[table] else { return }
    let found = TableManifest.Entry(digest)
    compared += 1
    rows += found.rows
    let name = Self.shown(table)
    // What is counted and how columns are called does not depend on any version.
    if found.rows != old.rows {
      problems.append("\(name): \(found.rows) rows instead of \(old.rows)")
    } else if found.columns != old.columns {
      problems.append("\(name): other columns")
    } else if found.contents != old.contents {
      // Equal digests prove equal rows whatever wrote them; unequal ones prove nothing where values may be written differently.
      if origin.isAlike(wanted.origin) {
        problems.append("\(name): other contents in as many rows")
      } else {
        let old = InertText.line(wanted.origin.description, limit: 80)
        open.append(
          "\(name): the digests differ, and the manifest is of \(old) and this of \(origin.description), which may write equal values differently"
        )
      }
    }
  }

  mutating func take(_ error: ProbeError, of table: String) {
    switch error {
    case .missing: missing(table)
    case .damaged: problems.append("\(Self.shown(table)): \(error.message)")
    case .invalid, .timeout, .unavailable: unanswered(table, error.message)
    }
  }

  func finding(_ expected: String) -> CheckFinding {
    let about = "\(wanted.tables.count) tables of \(InertText.line(wanted.origin.description, limit: 80))"
    let expected = "\(expected) (\(about))"
    let looked = "\(compared) tables compared, \(rows) rows"
    if !problems.isEmpty {
      let more = open.isEmpty ? "" : "\n\(open.count) more could not be verified"
      return CheckFinding(.failed, expected: expected, found: Self.list(problems) + more)
    }
    guard open.isEmpty else {
      let hint = origin.isAlike(wanted.origin) ? "" : "\nTake the manifest of a \(origin.description) server"
      return CheckFinding(.couldNotVerify, expected: expected, found: Self.list(open) + hint)
    }
    return CheckFinding(.passed, expected: expected, found: looked)
  }

  private static func list(_ lines: [String]) -> String {
    lines.prefix(shown).joined(separator: "\n") + (lines.count > shown ? "\nand \(lines.count - shown) more" : "")
  }

  private static func shown(_ table: String) -> Substring { Manifest.escaped(table.utf8).prefix(300) }
}
