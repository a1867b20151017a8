import ArgumentParser
import DrillConfig
import DrillModel
import Drilling
import EngineKit
import Foundation
import Glibc
import Ledger
import ToolRunner

struct DoctorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Check tools and versions, space, sources, the ledger and who would be told.",
    discussion: """
      Example:
        drillmark doctor

      Exit status: 0 everything is there; 2 something would keep a drill from running; 64 an invalid file.
      """)

  @Flag(help: "As a JSON array.") var json = false
  @OptionGroup var options: SiteOptions

  func run() async throws {
    try await withFaults {
      let loaded = try options.loadTelling()
      let tools = SiteTools(loaded)
      let findings = await Examination(drills: loaded.drills, settings: tools.settings, site: loaded.site, clocks: tools.clocks).carryOut()
      if json { say(JSONText.of(findings)) } else { print(findings) }
      if loaded.diagnostics.hasErrors { throw ExitStatus.usage }
      if findings.contains(where: { $0.state == .bad }) { throw ExitStatus.unproven }
    }
  }

  private func print(_ findings: [Examination.Finding]) {
    let terminal = Terminal.current()
    for finding in findings {
      let mark =
        switch finding.state {
        case .good: terminal.coloured("ok  ", .green)
        case .doubtful: terminal.coloured("warn", .yellow)
        case .bad: terminal.coloured("bad ", .red)
        }
      say("\(mark)  \(Terminal.inert(finding.subject)): \(Terminal.inert(finding.text))")
    }
  }
}
