import ArgumentParser
import DrillConfig
import DrillModel
import Drilling
import Ledger

struct ShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "One sealed run in full.",
    discussion: """
      Takes a run's id, an unambiguous beginning of it, or a drill's name for its newest run.

      Example:
        drillmark show 01K9
        drillmark show orders --json
      """)

  @Argument(help: "A run's id, its beginning, or a drill's name.") var subject: String
  @Flag(help: "The sealed record as one JSON document.") var json = false
  @OptionGroup var options: SiteOptions

  func run() async throws {
    try await withFaults {
      let loaded = try options.load()
      let (sealed, amendments) = try SealedRuns.amended(subject, in: loaded.site)
      if json { return say(sealed.jsonLine) }
      for line in RecordText(sealed.record, terminal: .current()).full { say(line) }
      say("  sealed     number \(sealed.chain.sequence), \(sealed.chain.hash)")
      for line in amendments { say("  afterwards \(line.at.readable), number \(line.sequence): \(Terminal.inert(line.text))") }
    }
  }
}

/// Finds runs as people name them.
enum SealedRuns {
  /// - Throws: `Fault` with code `configuration` when nothing, or more than one thing, is meant.
  static func find(_ text: String, in site: Site) throws -> SealedRecord { try find(text, try ledger(of: site)) }

  /// The same, with what was sealed about it later.
  static func amended(_ text: String, in site: Site) throws -> (SealedRecord, [AmendmentLine]) {
    let ledger = try ledger(of: site)
    let sealed = try find(text, ledger)
    return (sealed, try ledger.amendments(of: sealed.record.run))
  }

  private static func ledger(of site: Site) throws -> Ledger {
    guard let ledger = try Ledger.openForReading(at: site.ledger, clocks: SystemClocks()) else {
      throw Fault(.configuration, "there is no ledger at \(site.ledger) yet", advice: "`drillmark run` makes one")
    }
    return ledger
  }

  private static func find(_ text: String, _ ledger: Ledger) throws -> SealedRecord {
    if let newest = try ledger.latest(text) { return newest }
    return try ledger.find(text)
  }
}
