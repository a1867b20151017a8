internal import DrillModel

/// What looking through the whole ledger found.
package struct AuditReport: Sendable, Hashable {
  /// Whether the chain holds.
  package var outcome: Outcome
  /// Entries read.
  package var entries: Int64
  /// The newest entry; nil for a ledger that holds none.
  package var head: ChainLink?
  /// What is wrong, in the order of the chain; at most `limit` of them.
  package var findings: [AuditFinding]
  /// How many findings there were.
  package var count: Int
  /// What is worth knowing and breaks nothing.
  package var notes: [String]

  package enum Outcome: String, Sendable {
    case holds, broken
    /// It could not be read to its end; nothing is said about the rest.
    case unreadable
  }

  /// The first that is wrong.
  package var first: AuditFinding? { findings.first }

  static let limit = 100

  init() {
    outcome = .holds
    entries = 0
    findings = []
    count = 0
    notes = []
  }

  mutating func add(_ finding: AuditFinding) {
    count += 1
    if findings.count < AuditReport.limit { findings.append(finding) }
    if outcome == .holds { outcome = .broken }
  }
}

/// One thing that is not as it was sealed.
package struct AuditFinding: Sendable, Hashable, CustomStringConvertible {
  /// Where in the chain; nil when it is not about one entry.
  package var sequence: Int64?
  package var run: String?
  /// What differs, a sentence without its full stop.
  package var detail: String

  init(_ detail: String, sequence: Int64? = nil, run: String? = nil) {
    self.sequence = sequence
    self.run = run?.isEmpty == true ? nil : run
    self.detail = detail
  }

  package var description: String {
    let place = [sequence.map { "entry \($0)" }, run.map { "run \($0)" }].compactMap(\.self).joined(separator: ", ")
    return place.isEmpty ? detail : "\(place): \(detail)"
  }
}

/// A head of the chain as it was told outside the ledger, in a notification or a report.
package struct ToldHead: Sendable, Hashable {
  package let hash: String
  /// The sequence at which it was told, where that is known.
  package let sequence: Int64?

  package init(hash: String, sequence: Int64? = nil) {
    self.hash = hash
    self.sequence = sequence
  }

  /// Reads `sha256:HEX`, `HEX`, or either behind a sequence and a colon (`41:sha256:HEX`).
  ///
  /// - Throws: `Fault` with code `configuration` for anything else.
  package init(_ text: String) throws {
    var parts = text.lowercased().split(separator: ":", omittingEmptySubsequences: false)
    let digits = String(parts.popLast() ?? "")
    if parts.last == "sha256" { parts.removeLast() }
    let isSequenceFine = parts.isEmpty || (parts.count == 1 && (Int64(parts[0]) ?? -1) >= 0)
    guard digits.utf8.count == 64, digits.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }), isSequenceFine else {
      throw Fault(.configuration, "this is not a head of a chain: \(text.prefix(80))", advice: "Give sha256: and 64 hexadecimal digits")
    }
    hash = "sha256:\(digits)"
    sequence = parts.first.flatMap { Int64($0) }
  }
}
