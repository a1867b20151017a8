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
      let sealed = try SealedRuns.find(subject, in: loaded.site)
      if json { return say(sealed.jsonLine) }
      for line in RecordText(sealed.record, terminal: .current()).full { say(line) }
      say("  sealed     number \(sealed.chain.sequence), \(sealed.chain.hash)")
    }
  }
}

/// Finds runs as people name them.
enum SealedRuns {
  /// - Throws: `Fault` with code `configuration` when nothing, or more than one thing, is meant.
  static func find(_ text: String, in site: Site) throws -> SealedRecord {
    guard let ledger = try Ledger.openForReading(at: site.ledger, clocks: SystemClocks()) else {
      throw Fault(.configuration, "there is no ledger at \(site.ledger) yet", advice: "`drillmark run` makes one")
    }
    if let newest = try ledger.latest(text) { return newest }
    return try ledger.find(text)
  }
}
