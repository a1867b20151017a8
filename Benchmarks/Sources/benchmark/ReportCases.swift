import Foundation

extension CaseGroup {
  /// Reports over a ledger of 100,000 runs, made in the published format and found whole by `audit verify`.
  static let report = CaseGroup(names: ["report html", "report csv", "report json", "report one drill", "sla"]) { workshop, options in
    try Programs.require("sqlite3")
    let site = "\(workshop.root)/report"
    for folder in ["", "/drills", "/backups"] {
      try FileManager.default.createDirectory(atPath: site + folder, withIntermediateDirectories: true)
    }
    let config = "\(site)/drillmark.yaml"
    try workshop.write("ledger: ledger.sqlite\nscratch: {directory: scratch, keep-free: 1%}\n", to: "report/drillmark.yaml")
    try workshop.write(
      "drill: d0\nbackup: {from: ../backups}\nrestore: {engine: sqlite}\nobjectives: {rpo: 1h, rto: 30m}\nchecks:\n  - rows: {table: t}\n",
      to: "report/drills/d0.yaml")
    // One run that finds nothing makes the ledger; its record is the chain's first.
    try workshop.make("\(workshop.program) run d0 --config \(config) || [ $? -le 2 ]")
    let ledger = "\(site)/ledger.sqlite"
    let count = options.scaled(100_000)
    try SyntheticLedger(count: count, drills: 50).fill(ledger, workshop)
    try workshop.make("\(workshop.program) audit verify --config \(config)")
    let naive = """
      with s as (select drill, rto_actual_ms, row_number() over w as r, count(*) over (partition by drill) as n from run
        where verdict in ('passed', 'failed') window w as (partition by drill order by rto_actual_ms))
      select drill, n, max(case when r = (n * 50 + 99) / 100 then rto_actual_ms end),
        max(case when r = (n * 95 + 99) / 100 then rto_actual_ms end), max(rto_actual_ms) from s group by drill
      """
    let period = ["--from", "2025-01-01", "--to", "2026-01-01", "--config", config]
    func one(_ name: String, _ words: [String], _ theirs: [String], _ against: String, lines: Int) -> Case {
      Case(name: name, ours: [workshop.program] + words, theirs: ["sqlite3"] + theirs, against: against, proof: .lines(lines))
    }
    let percentiles = "`sqlite3`: percentiles of the RTA for each drill with window functions, alone"
    return [
      one("report html", ["report"] + period, [ledger, naive], percentiles, lines: 1000),
      one(
        "report csv", ["report", "--format", "csv"] + period, ["-csv", ledger, "select * from run"], "`sqlite3`: the table as CSV",
        lines: count),
      one(
        "report json", ["report", "--format", "json"] + period, ["-json", ledger, "select * from run"], "`sqlite3`: the table as JSON",
        lines: count),
      one("report one drill", ["report", "d7"] + period, [ledger, naive + " having drill = 'd7'"], percentiles, lines: 300),
      one("sla", ["sla", "--over", "9999d", "--config", config], [ledger, naive], percentiles, lines: 5),
    ]
  }
}
