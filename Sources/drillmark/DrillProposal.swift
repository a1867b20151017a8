import Checks
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
    var refusals: [(engine: String, text: String)] = []
    for engine in Program.registry.vocabulary.engines.map(\.name) {
      let found = Mutex<Findings?>(nil)
      let text = DrillProposal.trial(drill, folder: pattern.folder, match: pattern.literal, engine: engine)
      let loaded = Program.registry.load(try trialSite(trial, text))
      guard let plan = loaded.drills.first, let trialSettings = loaded.site else {
        // An engine that cannot do without keys of its own restores no files.
        guard refusals.isEmpty else {
          try FileManager.default.removeItem(atPath: trial)
          continue
        }
        throw Fault(.configuration, "no drill can be made of \(backup): \(loaded.diagnostics.all.first?.message ?? "it cannot be named")")
      }
      let tools = SiteTools(LoadedSite(site: trialSettings, drills: loaded.drills, diagnostics: loaded.diagnostics))
      let runner = tools.runner(try tools.ledger())
      let request = DrillRunner.Request(examine: { probes in
        let findings = await Findings.of(probes)
        found.withLock { $0 = findings }
      })
      let outcome = try await runner.run(plan, request) { progress.observe(drill, $0) }
      progress.finished(drill)
      if let findings = found.withLock({ $0 }) {
        let checks = findings.checks(taken: taken(outcome) ?? SystemClocks().now())
        let hasTime = pattern.pattern != pattern.literal
        return DrillProposal(
          drill: drill, fileName: "\(pattern.fileStem).yaml",
          text: document(drill, folder: pattern.folder, match: pattern.pattern, engine: engine, checks: checks, hasTime: hasTime),
          checks: checks.count)
      }
      if case .sealed(let sealed) = outcome, let reason = sealed.record.reasons.first { refusals.append((engine, reason.text)) }
      try FileManager.default.removeItem(atPath: trial)
    }
    throw Fault(.backupWrongFormat, "no engine could restore \(backup). \(told(refusals))")
  }

  /// What the engines say, once where they say the same.
  private static func told(_ refusals: [(engine: String, text: String)]) -> String {
    var texts: [String] = []
    for refusal in refusals where !texts.contains(refusal.text) { texts.append(refusal.text) }
    if texts.count == 1 { return texts[0] }
    return texts.map { text in
      "\(refusals.filter { $0.text == text }.map(\.engine).joined(separator: ", ")): \(text)"
    }.joined(separator: "; ")
  }

  private static func taken(_ outcome: DrillRunner.Outcome) -> Timestamp? {
    guard case .sealed(let sealed) = outcome else { return nil }
    return sealed.record.recoveryPoint?.takenAt
  }

  private static func trialSite(_ directory: String, _ drill: String) throws -> String {
    let site = StarterSite(directory: directory)
    try site.create(site.siteFile, "ledger: state/ledger.sqlite\n")
    try site.create("\(directory)/drills/trial.yaml", drill)
    return site.siteFile
  }

  /// A drill that promises nothing, so that all that can go wrong is the restore.
  private static func trial(_ drill: String, folder: String, match: String, engine: String) -> String {
    """
    drill: \(YAMLText.quoted(drill))
    backup: {from: \(YAMLText.quoted(folder)), match: \(YAMLText.quoted(match))}
    restore: {engine: \(engine)}

    """
  }

  private static func document(
    _ drill: String, folder: String, match: String, engine: String, checks: [String], hasTime: Bool = true
  ) -> String {
    var lines = [
      "drill: \(YAMLText.quoted(drill))",
      "objectives: {rpo: 26h, rto: 4h}          # what you have promised; adjust",
      "backup:", "  from: \(YAMLText.quoted(folder))", "  match: \(YAMLText.quoted(match))",
    ]
    // Better a time that copying resets than none, with which no recovery point objective can be met; but it must be seen.
    if !hasTime { lines.append("  trust-modified-time: true             # its name has no time; copying the file resets this one") }
    lines += [
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
  var times: [(sql: String, newest: Timestamp)] = []
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
      let question = described.newest(of: column, in: table)
      guard let answer = try? await sql.query(question, timeout: .seconds(60), limit: 1), let newest = answer.rows.first?.first else {
        continue
      }
      // An empty column, or one that holds no moment, would make a check that fails from the start.
      if let newest, let moment = DataTime(newest, zone: nil)?.timestamp { findings.times.append((question, moment)) }
    }
    return findings
  }

  /// Twice the age found, in whole days: tight enough to see stale data, and green today.
  private static func allowance(for age: Duration) -> String { "\(max(1, Int(age.inSeconds * 2 / 86_400) + 1))d" }

  /// Floors nine tenths of what is there now, for the largest tables; a freshness check for one time column of each.
  ///
  /// - Parameter taken: The backup's own time, from which freshness counts.
  func checks(taken: Timestamp) -> [String] {
    var checks: [String] = []
    for table in tables.sorted(by: { ($1.rows, $0.name) < ($0.rows, $1.name) }).prefix(12) where table.rows > 0 {
      checks.append("rows: {table: \(YAMLText.quoted(table.name)), min: \(max(1, table.rows * 9 / 10))}        # \(table.rows) today")
    }
    // Data that has not moved for a year has no freshness to watch.
    let moving = times.filter { taken - $0.newest < .seconds(366 * 86_400) }
    for (sql, newest) in moving.sorted(by: { ($1.newest, $0.sql) < ($0.newest, $1.sql) }).prefix(2) {
      let age = Findings.allowance(for: taken - newest)
      checks.append("freshness: {sql: \(YAMLText.quoted(sql)), max-age: \(age)}        # newest now: \(newest.readable)")
    }
    if let files { checks.append("files: {min: \(max(1, files * 9 / 10))}        # \(files) today") }
    if !tables.isEmpty { checks.append("engine: {level: full}") }
    return checks
  }
}
