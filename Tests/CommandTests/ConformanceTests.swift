import DrillTestSupport
import Testing

/// A real file made by others, and what a correct drill finds in it.
struct RealBackup: Sendable, CustomTestStringConvertible {
  let folder: String
  let file: String
  let engine: String
  let counts: [(table: String, rows: Int)]
  var verdict = "passed"

  var testDescription: String { "\(folder)/\(file)" }

  var checks: String {
    let deep = engine == "sqlite" ? "  - engine: {level: full}\n" : ""
    return deep + counts.map { "  - rows: {table: \($0.table), equals: \($0.rows)}\n" }.joined()
  }

  static let all: [RealBackup] = [
    RealBackup(
      folder: "sqlite", file: "Chinook_Sqlite.sqlite", engine: "sqlite", counts: [("Track", 3503), ("InvoiceLine", 2240), ("Customer", 59)]),
    RealBackup(folder: "sqlite", file: "chef_valid.db", engine: "sqlite", counts: [("users", 2), ("notes", 2)]),
    RealBackup(folder: "sqlite", file: "chef_corrupt.db", engine: "sqlite", counts: [], verdict: "failed"),
    RealBackup(folder: "sqlite", file: "chef_badforeignkey.db", engine: "sqlite", counts: [], verdict: "failed"),
    RealBackup(
      folder: "postgres", file: "Chinook_PostgreSql.sql", engine: "postgresql",
      counts: [("track", 3503), ("invoice_line", 2240), ("playlist_track", 8715), ("artist", 275), ("customer", 59)]),
    RealBackup(
      folder: "postgres", file: "dvdrental_TeddyTeddy.tar", engine: "postgresql",
      counts: [("actor", 200), ("film", 1000), ("rental", 16_044), ("payment", 14_596), ("customer", 599), ("inventory", 4581)]),
    RealBackup(folder: "postgres", file: "dvdrental_SulmanK.tar", engine: "postgresql", counts: [("rental", 16_044), ("payment", 14_596)]),
    RealBackup(
      folder: "postgres", file: "northwind_KamilDudek_custom.dump", engine: "postgresql",
      counts: [("orders", 830), ("order_details", 2155), ("customers", 91), ("shippers_tmp", 6)]),
    RealBackup(folder: "postgres", file: "northwind_pthom.sql", engine: "postgresql", counts: [("orders", 830), ("us_states", 51)]),
    RealBackup(folder: "postgres", file: "northwind_KamilDudek.dump", engine: "postgresql", counts: [("orders", 830)], verdict: "failed"),
  ]

  /// Those whose engine this machine can run.
  static let runnable = all.filter { $0.engine != "postgresql" || SamplePostgreSQL.binaries != nil }
}

@Suite("Real files made by others", .enabled(if: ConformanceData.folder("data") != nil, "\(ConformanceData.absence)"))
struct ConformanceTests {
  private func run(_ backup: RealBackup, checks: String, cut: Double = 1) async -> (ScratchSite, JSONValue, String) {
    let site = ScratchSite()
    let bytes = TextFile.bytes("\(ConformanceData.folder("data") ?? "")/\(backup.folder)/\(backup.file)")
    site.backup(backup.file, bytes.prefix(Int(Double(bytes.count) * cut)))
    site.drill("d", "backup: {from: ../backups, match: \"\(backup.file)\"}\nrestore: {engine: \(backup.engine)}\nchecks:\n\(checks)")
    let result = await site.runJSON("d")
    return (site, result.record, result.said)
  }

  @Test("each has the verdict and the counts that its index gives", arguments: RealBackup.runnable)
  func asIndexed(_ backup: RealBackup) async {
    let (site, record, said) = await run(backup, checks: backup.checks)
    #expect(record["verdict"].text == backup.verdict, "\(said)")
    await site.expectClean()
  }

  @Test("one row more than there are is found out", arguments: RealBackup.runnable.filter { $0.verdict == "passed" })
  func wrongCount(_ backup: RealBackup) async {
    let checks = backup.counts.prefix(1).map { "  - rows: {table: \($0.table), equals: \($0.rows + 1)}\n" }.joined()
    #expect(await run(backup, checks: checks).1["verdict"].text == "failed")
  }

  @Test("cut at a tenth, at half and near its end, each fails", arguments: RealBackup.runnable.filter { $0.verdict == "passed" })
  func cut(_ backup: RealBackup) async {
    for share in [0.1, 0.5, 0.97] {
      let (site, record, said) = await run(backup, checks: backup.checks, cut: share)
      #expect(record["verdict"].text == "failed", "\(share): \(said)")
      await site.expectClean()
    }
  }
}
