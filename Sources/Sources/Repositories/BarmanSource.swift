package import DrillConfig
import DrillModel
package import EngineKit
import RepositoryKit
package import Selecting
package import ToolRunner

/// Backups of a server in Barman's home, as its own catalogue lists them. No bytes pass through us.
package struct BarmanSource: BackupSource {
  private let server: String
  private let configuration: String?
  private let tools: any ToolRunning

  /// - Parameter configuration: The tool's configuration file; nil for the one that it looks for itself.
  package init(server: String, configuration: String? = nil, tools: any ToolRunning = SupervisedTools(run: "catalogue")) {
    self.server = server
    self.configuration = configuration
    self.tools = tools
  }

  package var location: String { "server \(server) of Barman" }

  package var localDirectories: [String] {
    (try? BarmanConfiguration.read(configuration, server: server))?.directories ?? []
  }

  package var holdsLogs: Bool { true }

  package func artefacts() async throws -> [Artefact] {
    try await working { try await $0.artefacts(in: $1) }
  }

  package func open(_ artefact: Artefact) async throws -> OpenedArtefact {
    try await working { .handle(try await $0.point(artefact, in: $1).handle) }
  }

  private func working<Value: Sendable>(_ body: (Barman, _ work: String) async throws -> Value) async throws -> Value {
    let claimed = try Catalogue.claimUser()
    defer { withExtendedLifetime(claimed) {} }
    let tool = try Barman(server: server, configuration: configuration, run: claimed?.user, tools: tools)
    return try await CatalogueDirectory.with(owner: tool.reader.user) { work in
      try tool.prepare(work)
      return try await body(tool, work)
    }
  }
}

extension BarmanSource {
  /// How drill files name this source.
  package static let kind = SourceKind<any BackupSource>(
    name: "barman", schemes: ["barman"],
    summary: "Backups of a server of Barman (`barman:SERVER`), restored by Barman and rolled forward with its archive.",
    section: Keys.section, initial: Keys()
  ) { keys, location, context in
    guard Catalogue.accepts(location.rest, "server", &context) else { return nil }
    return BarmanSource(server: location.rest, configuration: keys.configuration)
  }

  private struct Keys: Sendable {
    var configuration: String?

    static let section = Section<Keys>([
      Key("config", \.configuration, .path, default: "where Barman looks for it", "Barman's configuration file.")
    ])
  }
}
