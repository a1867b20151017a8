package import DrillConfig
import DrillModel
package import EngineKit
import RepositoryKit
package import Selecting
package import ToolRunner

/// Backups of a stanza in the repositories of pgBackRest, as its own catalogue lists them. No bytes pass through us.
package struct PgBackRestSource: BackupSource {
  private let stanza: String
  private let configuration: String?
  private let repository: Int?
  private let tools: any ToolRunning

  /// - Parameters:
  ///   - configuration: The tool's configuration file; nil for the one that it looks for itself.
  ///   - repository: The only repository to look in; nil for all that are configured.
  package init(
    stanza: String, configuration: String? = nil, repository: Int? = nil, tools: any ToolRunning = SupervisedTools(run: "catalogue")
  ) {
    self.stanza = stanza
    self.configuration = configuration
    self.repository = repository
    self.tools = tools
  }

  package var location: String { "stanza \(stanza) of pgBackRest" + (repository.map { ", repository \($0)" } ?? "") }

  package var localDirectories: [String] {
    (try? PgBackRestConfiguration.read(configuration, stanza: stanza, repository: repository))?.directories ?? []
  }

  package var holdsLogs: Bool { true }

  package func artefacts() async throws -> [Artefact] { try await info().artefacts(stanza: stanza) }

  package func open(_ artefact: Artefact) async throws -> OpenedArtefact {
    let info = try await info()
    return .handle(try info.point(artefact, stanza: stanza, configuration: configuration, repository: repository).handle)
  }

  private func info() async throws -> PgBackRestInfo {
    let claimed = try Catalogue.claimUser()
    defer { withExtendedLifetime(claimed) {} }
    return try await PgBackRest(
      stanza: stanza, configuration: configuration, repository: repository, run: claimed?.user, tools: tools
    ).info()
  }
}

extension PgBackRestSource {
  /// How drill files name this source.
  package static let kind = SourceKind<any BackupSource>(
    name: "pgbackrest", schemes: ["pgbackrest"],
    summary: "Backups of a stanza of pgBackRest (`pgbackrest:STANZA`), restored by pgBackRest and rolled forward with its archive.",
    section: Keys.section, initial: Keys()
  ) { keys, location, context in
    guard Catalogue.accepts(location.rest, "stanza", &context) else { return nil }
    return PgBackRestSource(stanza: location.rest, configuration: keys.configuration, repository: keys.repository)
  }

  private struct Keys: Sendable {
    var configuration: String?
    var repository: Int?

    static let section = Section<Keys>([
      Key("config", \.configuration, .path, default: "where pgBackRest looks for it", "pgBackRest's configuration file."),
      Key("repo", \.repository, .integer(1...256), default: "all of them", "The number of the only repository to restore from."),
    ])
  }
}
