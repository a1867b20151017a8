import ArgumentParser
import DrillConfig
import Registry

struct ConfigSchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "json-schema", abstract: "The JSON Schema of a drill file or of the site file, for editors.",
    discussion: """
      Example:
        drillmark json-schema drill > drill.schema.json
      """)

  enum Document: String, ExpressibleByArgument, CaseIterable { case drill, site }

  @Argument(help: "drill or site") var document: Document

  func run() throws {
    say((document == .drill ? SchemaDocument.drill(Program.registry.vocabulary) : SchemaDocument.site).text())
  }
}
