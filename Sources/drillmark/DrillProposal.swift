import DrillConfig
import DrillModel
import Drilling
import EngineKit
import Foundation
import Ledger
import Registry
import Synchronization

/// A drill proposed for a backup after restoring it once.
struct DrillProposal {
  let drill: String
  let fileName: String
  let text: String
  let checks: Int

  /// Recognises the backup, restores it in a site of its own that is thrown away, and writes down what was found.
  ///
  /// - Throws: `Fault` when no engine knows the content or the restore fails.
  static func make(for backup: String, name: String?, site: StarterSite, progress: ProgressLine) async throws -> DrillProposal {
    let pattern = BackupName(of: backup)
    let drill = name ?? pattern.stem
    let trial = NSTemporaryDirectory() + "drillmark-init-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: trial) }
    var refusals: [String] = []
    for engine in StandardRegistry.vocabulary.engines.map(\.name) {
      let found = Mutex<Findings?>(nil)
      let text = DrillProposal.document(drill, folder: pattern.folder, match: pattern.literal, engine: engine, checks: [])
      let loaded = StandardRegistry.load(try trialSite(trial, text))
      guard let plan = loaded.drills.first, let trialSettings = loaded.site else {
        throw Fault(.configuration, "no drill can be made of \(backup): \(loaded.diagnostics.all.first?.message ?? "it cannot be named")")
      }
      let tools = SiteTools(trialSettings)
      let runner = tools.runner(try tools.ledger())
      let request = DrillRunner.Request(examine: { probes in
        let findings = await Findings.of(probes)
        found.withLock { $0 = findings }
      })
      let outcome = try await runner.run(plan, request) { progress.observe(drill, $0) }
      progress.finished(drill)
      if let findings = found.withLock({ $0 }) {
        let checks = findings.checks
        return DrillProposal(
          drill: drill, fileName: "\(pattern.fileStem).yaml",
          text: document(drill, folder: pattern.folder, match: pattern.pattern, engine: engine, checks: checks), checks: checks.count)
      }
      if case .sealed(let sealed) = outcome, let reason = sealed.record.reasons.first { refusals.append("\(engine): \(reason.text)") }
      try FileManager.default.removeItem(atPath: trial)
    }
    throw Fault(.backupWrongFormat, "no engine could restore \(backup). \(refusals.joined(separator: "; "))")
  }

  private static func trialSite(_ directory: String, _ drill: String) throws -> String {
    let site = StarterSite(directory: directory)
    try site.create(site.siteFile, "ledger: state/ledger.sqlite\n")
    try site.create("\(directory)/drills/trial.yaml", drill)
    return site.siteFile
  }

  private static func document(_ drill: String, folder: String, match: String, engine: String, checks: [String]) -> String {
    var lines = [
      "drill: \(YAMLText.quoted(drill))",
      "objectives: {rpo: 26h, rto: 4h}          # what you have promised; adjust",
      "backup:", "  from: \(YAMLText.quoted(folder))", "  match: \(YAMLText.quoted(match))",
      "restore:", "  engine: \(engine)",
    ]
    if !checks.isEmpty { lines.append("checks:") }
    lines += checks.map { "  - \($0)" }
    return lines.joined(separator: "\n") + "\n"
  }
}

/// What a restored system showed of itself.
private struct Findings: Sendable {
  var tables: [(name: String, rows: Int64)] = []
  var times: [(table: String, column: String)] = []
  var files: Int?

  static func of(_ probes: Probes) async -> Findings {
    var findings = Findings()
    if let root = probes.files?.root { findings.files = FileCount.below(root) }
    guard let sql = probes.sql, let schema = try? await probes.schema?.schema(timeout: .seconds(60)) else { return findings }
    let described = SchemaOutline(schema)
    for table in described.tables.prefix(200) {
      if let rows = try? await sql.count(table: table, timeout: .seconds(60)) { findings.tables.append((table, rows)) }
    }
    for (table, column) in described.timeColumns {
      let question = SchemaOutline.newest(of: column, in: table)
      guard let answer = try? await sql.query(question, timeout: .seconds(60), limit: 1), let newest = answer.rows.first?.first else {
        continue
      }
      // An empty column has no newest value and would make a check that fails from the start.
      if newest != nil { findings.times.append((table, column)) }
    }
    return findings
  }

  /// Floors nine tenths of what is there now, for the largest tables; a freshness check for one time column of each.
  var checks: [String] {
    var checks: [String] = []
    for table in tables.sorted(by: { ($1.rows, $0.name) < ($0.rows, $1.name) }).prefix(12) where table.rows > 0 {
      checks.append("rows: {table: \(YAMLText.quoted(table.name)), min: \(max(1, table.rows * 9 / 10))}        # \(table.rows) today")
    }
    for (table, column) in times.prefix(3) {
      let sql = YAMLText.quoted(SchemaOutline.newest(of: column, in: table))
      checks.append("freshness: {sql: \(sql), max-age: 1d}        # adjust to how often it changes")
    }
    if let files { checks.append("files: {min: \(max(1, files * 9 / 10))}        # \(files) today") }
    if !tables.isEmpty { checks.append("engine: {level: full}") }
    return checks
  }
}
