import ArgumentParser
import DrillConfig
import Registry

struct ValidateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate", abstract: "Report every fault of every file, with its line and what was expected.",
    discussion: """
      Example:
        drillmark validate
        drillmark validate --config /etc/drillmark/drillmark.yaml --json
      """)

  @Argument(help: "Only these files; without any, the site file and every drill.") var paths: [String] = []
  @Flag(help: "The faults as a JSON array.") var json = false
  @OptionGroup var options: SiteOptions

  private struct Item: Encodable {
    let file: String
    let line: Int
    let column: Int
    let severity: String
    let message: String
    let suggestion: String?

    init(_ diagnostic: Diagnostic) {
      file = diagnostic.file
      line = diagnostic.line
      column = diagnostic.column
      severity = diagnostic.severity.rawValue
      message = diagnostic.message
      suggestion = diagnostic.suggestion
    }
  }

  func run() async throws {
    let results = paths.isEmpty ? [Program.registry.load(options.config)] : paths.map { Program.registry.load(validating: $0) }
    var found: [Diagnostic] = []
    // Two paths of one site meet the same faults.
    for diagnostic in results.flatMap(\.diagnostics.sorted) where !found.contains(diagnostic) { found.append(diagnostic) }
    let dropped = results.reduce(0) { $0 + $1.diagnostics.dropped }
    let drills = results.reduce(0) { $0 + $1.drills.count }
    if json { say(JSONText.of(found.map(Item.init))) } else { for diagnostic in found { say(Terminal.inert(diagnostic.description)) } }
    if dropped > 0, !json { say("and \(dropped) more") }
    let errors = found.count { $0.severity == .error } + dropped
    if errors > 0 {
      tell("drillmark: \(errors) \(errors == 1 ? "fault" : "faults"); nothing was changed")
      throw ExitStatus.usage
    }
    if !json { say("\(drills) \(drills == 1 ? "drill" : "drills"), no fault") }
  }
}
