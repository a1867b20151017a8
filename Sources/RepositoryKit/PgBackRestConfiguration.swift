import DrillModel
import Foundation

/// What of pgBackRest's configuration a restore needs: where the repositories are and how they are read. Nothing of it names production's
/// server, runs a command, or says where locks, logs and spools of production lie.
///
/// Source: "pgBackRest Configuration Reference" 2.45.
package struct PgBackRestConfiguration: Sendable {
  /// The file that it comes from, for people.
  package let place: String
  /// The file for the tool. Holds secrets.
  let text: String
  /// What no text may show.
  package let secrets: [String]
  /// Directories of repositories on this machine.
  package let directories: [String]
  /// Further files that it names: authorities, keys.
  let files: [String]
  /// Whether a repository is encrypted by pgBackRest.
  let isEncrypted: Bool
  /// Whether a repository is reached over the network.
  let usesNetwork: Bool

  /// The commands whose sections matter.
  private static let commands = ["info", "repo-ls", "repo-get", "restore", "archive-get"]
  private static let kept: Set<String> = [
    "process-max", "buffer-size", "io-timeout", "protocol-timeout", "compress-level-network", "sck-block", "sck-keep-alive",
    "tcp-keep-alive-count", "tcp-keep-alive-idle", "tcp-keep-alive-interval",
  ]
  private static let secretEndings = ["-cipher-pass", "-s3-key", "-s3-key-secret", "-s3-token", "-azure-key", "-passphrase"]

  /// Reads it from where the tool does, or from `path`.
  ///
  /// - Parameter repository: The only one that matters; nil for all.
  /// - Throws: `Fault` with code `configuration` or `permission_denied`.
  package static func read(_ path: String?, stanza: String, repository: Int?) throws -> PgBackRestConfiguration {
    let (place, first) = try ConfigurationText.find(
      path, standard: ["/etc/pgbackrest/pgbackrest.conf", "/etc/pgbackrest.conf"], of: "pgBackRest")
    var file = IniFile(first)
    if path == nil {
      let directory = "/etc/pgbackrest/conf.d"
      for name in ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).sorted() where name.hasSuffix(".conf") {
        if let text = try ConfigurationText.read("\(directory)/\(name)") { file.sections += IniFile(text).sections }
      }
    }
    return try PgBackRestConfiguration(file, place: place, stanza: stanza, repository: repository)
  }

  init(_ file: IniFile, place: String, stanza: String, repository: Int?) throws {
    self.place = place
    let names = ["global", stanza] + PgBackRestConfiguration.commands.flatMap { ["global:\($0)", "\(stanza):\($0)"] }
    var reduced = IniFile()
    for section in file.sections where names.contains(section.name) {
      let entries = section.entries.filter { PgBackRestConfiguration.matters($0.key, repository) }
      reduced.sections.append(IniFile.Section(name: section.name, entries: entries))
    }
    let entries = reduced.sections.flatMap(\.entries)
    try PgBackRestConfiguration.refuseHosts(in: file, names, repository, place)
    text = reduced.text
    secrets = entries.filter { entry in PgBackRestConfiguration.secretEndings.contains { entry.key.hasSuffix($0) } }.map(\.value)
    isEncrypted = entries.contains { $0.key.hasSuffix("-cipher-type") && $0.value != "none" }
    let keys = repository.map { [$0] } ?? PgBackRestConfiguration.repositories(entries)
    let types = keys.map { reduced.value("repo\($0)-type", in: ["global", stanza]) ?? "posix" }
    usesNetwork = types.contains { $0 != "posix" && $0 != "cifs" }
    directories = zip(keys, types).compactMap { key, type in
      guard type == "posix" || type == "cifs" else { return nil }
      return reduced.value("repo\(key)-path", in: ["global", stanza]) ?? "/var/lib/pgbackrest"
    }
    files = entries.filter { $0.value.hasPrefix("/") && !$0.key.hasSuffix("-path") || $0.key.hasSuffix("-ca-path") }.map(\.value)
  }

  /// The numbers of the repositories that anything is said of; the first where nothing is.
  private static func repositories(_ entries: [(key: String, value: String)]) -> [Int] {
    let found = Set(entries.compactMap { number(in: $0.key) })
    return found.isEmpty ? [1] : found.sorted()
  }

  /// `repo2-path` is of 2, `repo-path` of 1, `process-max` of none.
  private static func number(in key: String) -> Int? {
    guard key.hasPrefix("repo") else { return nil }
    let digits = key.dropFirst(4).prefix { $0.isNumber }
    return digits.isEmpty ? 1 : Int(digits)
  }

  private static func matters(_ key: String, _ repository: Int?) -> Bool {
    guard let number = number(in: key) else { return kept.contains(key) }
    return (repository.map { $0 == number } ?? true) && !key.contains("-retention-") && !key.contains("-host")
  }

  private static func refuseHosts(in file: IniFile, _ names: [String], _ repository: Int?, _ place: String) throws {
    for section in file.sections where names.contains(section.name) {
      for entry in section.entries where entry.key.hasSuffix("-host") && entry.key.hasPrefix("repo") {
        guard let number = number(in: entry.key), repository.map({ $0 == number }) ?? true else { continue }
        throw Fault(
          .configuration, "repository \(number) of \(place) lies on another host (\(entry.key)), which is reached by logging in there",
          advice: "Drill on the repository host, or name a configuration as `config` that reads the repository itself (a mount, S3)")
      }
    }
  }
}
