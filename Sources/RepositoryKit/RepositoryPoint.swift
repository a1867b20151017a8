package import DrillModel
import Foundation

/// A recovery point in the repository of a backup tool: what is restored, by its name alone.
package struct RepositoryPoint: Sendable, Hashable, Codable {
  /// Whose repository it is.
  package enum Tool: String, Sendable, Codable {
    case pgBackRest = "pgbackrest"
    case barman

    package var name: String { self == .pgBackRest ? "pgBackRest" : "Barman" }
  }

  /// A backup that this one was taken on top of.
  package struct Reference: Sendable, Hashable, Codable {
    package var label: String
    package var bytes: Int64?

    package init(label: String, bytes: Int64?) {
      self.label = label
      self.bytes = bytes
    }
  }

  /// A tablespace, by name and by number.
  package struct Tablespace: Sendable, Hashable, Codable {
    package var name: String
    package var number: String?

    package init(name: String, number: String?) {
      self.name = name
      self.number = number
    }
  }

  package var tool: Tool
  /// The stanza, or Barman's server.
  package var owner: String
  package var label: String
  /// The tool's configuration file; nil for the one that it looks for itself.
  package var configuration: String?
  /// The number of the repository, where a tool has several.
  package var repository: Int?
  /// Whether its repository is one of several, and so part of its name.
  package var isOneOfSeveral = false
  /// The part of the log archive that belongs to it.
  package var archive: String?
  /// `full`, `diff` or `incr`.
  package var kind: String?
  /// Oldest first.
  package var references: [Reference] = []
  package var tablespaces: [Tablespace] = []
  package var began: Timestamp?
  package var ended: Timestamp?
  /// Positions in the log, as PostgreSQL writes them.
  package var firstPosition: String?
  package var lastPosition: String?
  package var major: Int?
  /// Bytes in the repository that are its own.
  package var storedBytes: Int64?
  /// Bytes of the restored files.
  package var restoredBytes: Int64?
  /// Of the tool that took it.
  package var takenBy: String?

  package init(tool: Tool, owner: String, label: String) {
    self.tool = tool
    self.owner = owner
    self.label = label
  }

  /// What a source hands over in place of bytes.
  package var handle: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  /// - Throws: `Fault` with code `configuration` for what is no such point.
  package init(handle: String) throws {
    guard let point = try? JSONDecoder().decode(RepositoryPoint.self, from: Data(handle.utf8)) else {
      throw Fault(
        .configuration, "what `from` names is no backup in a repository of pgBackRest or Barman",
        advice: "Write `from: pgbackrest:STANZA`, `from: barman:SERVER`, or the place of base backups")
    }
    self = point
  }

  /// `pgbackrest:main/20261121-102209F`.
  package var location: String { location(of: label) }

  /// The same of a backup below it.
  package func location(of label: String) -> String {
    RepositoryPoint.location(tool, owner, label, isOneOfSeveral ? repository : nil)
  }

  package static func location(_ tool: Tool, _ owner: String, _ label: String, _ repository: Int?) -> String {
    "\(tool.rawValue):\(owner)/\(label)" + (repository.map { " in repository \($0)" } ?? "")
  }

  /// For people: `pgBackRest incr backup of PostgreSQL 15 on top of 2 others`.
  package var description: String {
    let version = major.map { " of PostgreSQL \($0)" } ?? ""
    let below = references.isEmpty ? "" : " on top of \(references.count) other\(references.count == 1 ? "" : "s")"
    return "\(tool.name) \(kind.map { "\($0) " } ?? "")backup\(version)\(below)"
  }
}
