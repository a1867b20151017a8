import ArgumentParser
import DrillConfig
import DrillModel
import Drilling
import EngineKit
import Foundation

struct PlanCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "What a run would restore, why, into what, and what it needs; touches nothing.",
    discussion: """
      Example:
        drillmark plan orders
        drillmark plan orders --verify
      """)

  @Argument(help: "The drill's name.") var drill: String
  @Flag(help: "Also read the chosen backup and compare it with the checksum beside it.") var verify = false
  @Flag(help: "As one JSON document.") var json = false
  @OptionGroup var options: SiteOptions

  func run() async throws {
    try await withFaults {
      let loaded = try options.loadTelling()
      let plan = try loaded.drill(drill)
      let tools = SiteTools(loaded)
      let preview = try await RunPreview.make(plan, settings: tools.settings, clocks: tools.clocks, verify: verify)
      if json { say(JSONText.of(preview)) } else { for line in lines(preview) { say(line) } }
      if let problem = preview.problem { throw give(up: problem) }
    }
  }

  private func lines(_ preview: RunPreview) -> [String] {
    var lines = ["drill \(Terminal.inert(preview.drill)) from \(Terminal.inert(preview.source))"]
    if let chosen = preview.chosen {
      let time = chosen.takenAt.map { "taken \($0.readable) by its \(chosen.timeOrigin?.title ?? "name")" } ?? "taken at an unknown time"
      let size = chosen.bytes.map { ", \(ByteCount.text($0))" } ?? ""
      let chain = chosen.artefacts > 1 ? ", the last of a chain of \(chosen.artefacts)" : ""
      lines.append("  restore    \(Terminal.inert(chosen.location)), \(time)\(size)\(chain)")
    }
    lines.append("  considered \(preview.considered); rejected \(preview.rejected.count)")
    for rejected in preview.rejected.prefix(20) {
      lines.append("    \(Terminal.inert(rejected.location)): \(Terminal.inert(rejected.reason))")
    }
    if let format = preview.format { lines.append("  format     \(Terminal.inert(format))") }
    if let age = preview.artefactAge { lines.append("  age now    \(age)") }
    if let gap = preview.windowWorstGap { lines.append("  worst gap  \(gap) in the window") }
    lines.append("  target     \(preview.target)")
    lines += preview.creates.map { "  creates    \(Terminal.inert($0))" }
    if let space = preview.spaceNeeded { lines.append("  disk       about \(ByteCount.text(space)) needed") }
    lines.append("  steps      \(preview.steps.joined(separator: ", "))")
    for check in preview.checks { lines.append("  check      \(Terminal.inert(check))") }
    if let checksum = preview.checksum { lines.append("  checksum   \(checksum)") }
    return lines
  }
}
