import ArgumentParser
import DrillConfig
import DrillModel
import Drilling
import Foundation
import Ledger

struct AuditCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit", abstract: "Prove that no sealed record was changed.", subcommands: [Verify.self],
    // A timer that runs the bare command must not take its help text for an answer.
    defaultSubcommand: Verify.self)

  struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "verify", abstract: "Recompute the chain and compare everything with it.",
      discussion: """
        Example:
          drillmark audit verify
          drillmark audit verify --head sha256:4f1c… --records sealed.jsonl

        A cut tail or a rewritten ledger shows only against a head or records kept elsewhere (docs/ledger.md).
        Exit status: 0 the chain holds; 1 it does not, and the first bad record is named; 2 it cannot be read.
        """)

    @Option(help: ArgumentHelp("A head from a notification or report; must be in the chain.", valueName: "hash")) var head: String?
    @Option(help: ArgumentHelp("Sealed records kept elsewhere, one JSON document a line.", valueName: "file")) var records: String?
    @Flag(help: "As one JSON document.") var json = false
    @OptionGroup var options: SiteOptions

    func run() async throws {
      try await withFaults {
        let loaded = try options.load()
        let report: AuditReport
        do {
          guard let ledger = try Ledger.openForReading(at: loaded.site.ledger, clocks: SystemClocks()) else {
            tell("drillmark: there is no ledger at \(loaded.site.ledger)")
            throw ExitStatus.unproven
          }
          report = try ledger.audit(head: head, records: try records.map(AuditCommand.lines(of:)))
        } catch let fault as Fault where fault.code == .ledgerUnusable {
          tell("drillmark: the ledger cannot be read: \(Terminal.inert(fault.description))")
          throw ExitStatus.unproven
        }
        if json { say(JSONText.of(Printed(report))) } else { for line in AuditCommand.text(report) { say(Terminal.inert(line)) } }
        switch report.outcome {
        case .holds: return
        case .broken: throw ExitStatus.failed
        case .unreadable: throw ExitStatus.unproven
        }
      }
    }
  }

  private static func text(_ report: AuditReport) -> [String] {
    let entries = "\(report.entries) \(report.entries == 1 ? "entry" : "entries")"
    var lines: [String]
    switch report.outcome {
    case .holds: lines = ["the chain holds: \(entries)"]
    case .broken: lines = ["THE CHAIN DOES NOT HOLD: \(report.first?.description ?? "no detail")"]
    case .unreadable: lines = ["the ledger cannot be read to its end: \(report.first?.description ?? "no detail")"]
    }
    lines += report.findings.dropFirst().prefix(19).map { "  \($0)" }
    if report.count > 20 { lines.append("  and \(report.count - 20) more") }
    if report.outcome == .holds, let head = report.head { lines.append("head: number \(head.sequence), \(head.hash)") }
    return lines + report.notes
  }

  /// - Throws: `Fault` with code `configuration` when the file cannot be read.
  private static func lines(of path: String) throws -> [Data] {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw Fault(.configuration, "the records file \(path) cannot be read")
    }
    return data.split(separator: 10).map { Data($0) }
  }

  private struct Printed: Encodable {
    let outcome: String
    let entries: Int64
    let head: ChainLink?
    let findings: [String]
    let notes: [String]

    init(_ report: AuditReport) {
      outcome = report.outcome.rawValue
      entries = report.entries
      head = report.head
      findings = report.findings.map(\.description)
      notes = report.notes
    }
  }
}
