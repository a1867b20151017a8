internal import Digesting
internal import DrillModel
internal import Foundation
internal import GRDB

/// One pass over the chain in the order of its sequence.
struct ChainWalk {
  let db: Database
  let told: ToldHead?
  var report = AuditReport()
  private var last: Entry?
  private var isToldHeadSeen = false

  init(db: Database, told: ToldHead?) {
    self.db = db
    self.told = told
  }

  mutating func run() throws {
    let entries = try Row.fetchCursor(db, sql: "SELECT \(Entry.columns) FROM entry ORDER BY sequence")
    note(sequence: 0, hash: Entry.text(Entry.genesis))
    while let row = try entries.next() {
      try visit(Entry(row))
    }
    report.head = last?.link
    checkToldHead()
    for table in Projection.allCases { try findExtraRows(of: table) }
    try checkSeenPoints()
    try checkOutbox()
    try checkCores()
  }

  private mutating func visit(_ entry: Entry) throws {
    report.entries += 1
    checkPlace(of: entry)
    checkContent(of: entry)
    try checkProjections(of: entry)
    note(sequence: entry.sequence, hash: Entry.text(entry.hash))
    last = Entry(entry, withoutBody: true)
  }

  // MARK: The chain

  private mutating func checkPlace(of entry: Entry) {
    let expected = (last?.sequence ?? 0) + 1
    if entry.sequence != expected {
      let gap = entry.sequence - expected
      let what = gap > 0 ? (gap == 1 ? "it is missing" : "it and \(gap - 1) more are missing") : "entry \(entry.sequence) stands before it"
      report.add(AuditFinding("\(what); the ledger goes on with entry \(entry.sequence)", sequence: min(expected, entry.sequence)))
      return
    }
    guard entry.previous != last?.hash ?? Entry.genesis else { return }
    // The entry before is whole in itself (or was named already), so it is not the one on which this one was sealed.
    let detail =
      entry.hash == entry.computedHash
      ? "it was replaced: entry \(entry.sequence) was sealed on another one" : "entry \(entry.sequence) does not follow from it"
    if let last {
      report.add(AuditFinding(detail, sequence: last.sequence, run: last.subject))
    } else {
      report.add(AuditFinding("it does not begin the chain: something was before it", sequence: entry.sequence, run: entry.subject))
    }
  }

  private mutating func checkContent(of entry: Entry) {
    guard entry.hash != entry.computedHash else { return }
    var other = entry
    other.previous = last?.hash ?? Entry.genesis
    if entry.hash == other.computedHash {
      report.add(AuditFinding("its link to the entry before was changed", sequence: entry.sequence, run: entry.subject))
      return
    }
    report.add(AuditFinding(whatChanged(in: entry), sequence: entry.sequence, run: entry.subject))
  }

  // The hash says that something was changed; the body's own words often say what.
  private func whatChanged(in entry: Entry) -> String {
    let subject = (try? JSONSerialization.jsonObject(with: Data(entry.body)) as? [String: Any])?["run"] as? String
    if let subject, subject != entry.subject { return "its body is that of run \(subject.prefix(40)), not what was sealed here" }
    let differences = (try? projectionDifferences(entry)) ?? []
    guard let first = differences.first else { return "it is not what was sealed (its hash does not fit)" }
    return "its body is not what was sealed (its hash does not fit): \(first)"
  }

  // MARK: Projections

  private mutating func checkProjections(of entry: Entry) throws {
    if EntryKind(rawValue: entry.kind) == nil || entry.format > Entry.format {
      report.notes.append("entry \(entry.sequence) was written by a newer Drillmark; only its hash was checked")
      return
    }
    do {
      for difference in try projectionDifferences(entry) {
        report.add(AuditFinding(difference, sequence: entry.sequence, run: entry.subject))
      }
    } catch let fault as Fault {
      report.add(AuditFinding(fault.message, sequence: entry.sequence, run: entry.subject))
    }
  }

  private func projectionDifferences(_ entry: Entry) throws -> [String] {
    let expected = try Projection.rows(of: entry)
    var differences: [String] = []
    if entry.kind == EntryKind.run.rawValue, let run = expected[.run]?.first?[1], !isSame(run, entry.subject.databaseValue) {
      differences.append("its body is that of another run")
    }
    for table in Projection.allCases {
      guard let rows = expected[table] else { continue }
      differences += try table.differences(rows, table.stored(for: entry.sequence, in: db))
    }
    return differences
  }

  // Rows whose entry is not there, or is of another kind.
  private mutating func findExtraRows(of table: Projection) throws {
    let kind = table == .miss ? "miss" : "run"
    let sql = """
      SELECT DISTINCT t.sequence FROM \(table.rawValue) t LEFT JOIN entry ON entry.sequence = t.sequence AND entry.kind = ?
      WHERE entry.sequence IS NULL ORDER BY t.sequence
      """
    let extra = try Row.fetchCursor(db, sql: sql, arguments: [kind])
    while let row = try extra.next() {
      report.add(
        AuditFinding("table \(table.rawValue) has rows for it that no sealed record bears out", sequence: try row.integer("sequence")))
    }
  }

  // MARK: Heads

  private mutating func note(sequence: Int64, hash: String) {
    guard let told, told.hash == hash else { return }
    if let expected = told.sequence, expected != sequence { return }
    isToldHeadSeen = true
  }

  private mutating func checkToldHead() {
    guard let told, !isToldHeadSeen else { return }
    let place = told.sequence.map { " at entry \($0)" } ?? ""
    let now = last.map { "ends at entry \($0.sequence) with \(Entry.text($0.hash))" } ?? "is empty"
    let why = "the tail was cut off, or the ledger was rewritten"
    report.add(AuditFinding("the head \(told.hash) is not in the chain\(place): \(why); the chain now \(now)"))
  }
}

extension Projection {
  /// In words, what differs between the rows that a body asks for and those that are stored.
  func differences(_ expected: [[DatabaseValue]], _ stored: [[DatabaseValue]]) -> [String] {
    var found: [String] = []
    if stored.count != expected.count {
      found.append("table \(rawValue) has \(stored.count) rows for it instead of \(expected.count)")
    }
    for (position, (sealed, there)) in zip(expected, stored).enumerated() {
      for (column, (sealedValue, value)) in zip(columns, zip(sealed, there)) where !isSame(sealedValue, value) {
        let place = hasPositions ? " of row \(position)" : ""
        found.append("\(rawValue).\(column)\(place) was sealed as \(shown(sealedValue)) and reads \(shown(value)) now")
      }
    }
    return found
  }

  private func shown(_ value: DatabaseValue) -> String {
    switch value.storage {
    case .null: "nothing"
    case .string(let text): "“\(text.prefix(60))\(text.count > 60 ? "…" : "")”"
    case .blob(let data): "\(data.count) bytes"
    case .int64(let number): String(number)
    case .double(let number): String(number)
    }
  }
}

extension Entry {
  /// What the next entry is compared with.
  fileprivate init(_ entry: Entry, withoutBody: Bool) {
    self = entry
    if withoutBody { body = [] }
  }
}
