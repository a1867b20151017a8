import DrillModel
import Foundation

/// What of Barman's configuration a restore needs: where one server's backups and log lie. Nothing of it names production's server or runs a
/// command.
///
/// Source: barman(5) 3.4.
package struct BarmanConfiguration: Sendable {
  /// The file that it comes from, for people.
  package let place: String
  /// Barman's home: its owner is who Barman runs as.
  package let home: String
  /// Where the server's archived log lies, and where segments wait that the next `barman cron` archives.
  let log: String
  let incoming: String
  let base: String
  /// The file that Barman keeps locked while it takes a backup of the server (barman/lockfile.py, ServerBackupLock).
  let backupLock: String
  private let server: String
  private let settings: [(String, String)]

  /// Reads it from where the tool does, or from `path`.
  ///
  /// - Throws: `Fault` with code `configuration` or `permission_denied`.
  package static func read(_ path: String?, server: String) throws -> BarmanConfiguration {
    let (place, first) = try ConfigurationText.find(path, standard: ["/etc/barman.conf", "/etc/barman/barman.conf"], of: "Barman")
    var file = IniFile(first, separators: ["=", ":"])
    if let directory = file.value("configuration_files_directory", in: ["barman"]) {
      for name in ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).sorted() where name.hasSuffix(".conf") {
        if let text = try ConfigurationText.read("\(directory)/\(name)") {
          file.sections += IniFile(text, separators: ["=", ":"]).sections
        }
      }
    }
    return try BarmanConfiguration(file, place: place, server: server)
  }

  init(_ file: IniFile, place: String, server: String) throws {
    func value(_ key: String) -> String? { file.value(key, in: ["barman", server]) }
    let servers = file.sections.map(\.name).filter { $0 != "barman" }
    guard servers.contains(server), server != "barman" else {
      let there = servers.prefix(10).map { InertText.line($0, limit: 60) }.joined(separator: ", ")
      throw Fault(
        .configuration,
        "there is no server \(InertText.line(server, limit: 60)) in \(place)\(there.isEmpty ? "" : "; it has \(there)")",
        advice: "Correct `from` or `config`")
    }
    guard let home = file.value("barman_home", in: ["barman"]), home.hasPrefix("/") else {
      throw Fault(.configuration, "\(place) does not say where backups lie (barman_home)")
    }
    guard value("compression") != "custom", value("custom_decompression_filter") == nil else {
      throw Fault(
        .configuration, "the log of server \(server) is compressed by a command of \(place) (compression = custom), which is not run here",
        advice: "Use a compression that Barman knows, such as gzip")
    }
    self.place = place
    self.home = home
    self.server = server
    let directory = value("backup_directory") ?? "\(home)/\(server)"
    log = value("wals_directory") ?? "\(directory)/wals"
    incoming = value("incoming_wals_directory") ?? "\(directory)/incoming"
    base = value("basebackups_directory") ?? "\(directory)/base"
    backupLock = "\(file.value("barman_lock_directory", in: ["barman"]) ?? home)/.\(server)-backup.lock"
    var settings = [("backup_directory", directory), ("basebackups_directory", base)]
    for key in ["compression", "parallel_jobs", "bandwidth_limit", "tablespace_bandwidth_limit"] {
      if let found = value(key) { settings.append((key, found)) }
    }
    self.settings = settings
  }

  /// The directories that Barman reads.
  package var directories: [String] {
    [home] + [log, incoming, base].filter { !$0.hasPrefix("\(home)/") }
  }

  /// The file for the tool, which keeps locks, staged files and its log in `work`.
  ///
  /// - Parameter archives: Whether it is for fetching log: from where segments wait as well, which a restore would move into the archive, and
  ///   from a directory of links, because Barman unpacks segments beside them.
  func text(user: String, work: String, archives: Bool) -> String {
    let wals = ("wals_directory", archives ? "\(work)/wals" : log)
    var lines = ["[barman]", "barman_user=\(user)", "barman_home=\(home)", "barman_lock_directory=\(work)", "log_file=\(work)/barman.log"]
    lines += ["log_level=WARNING", "[\(server)]", "conninfo=host=/nonexistent", "streaming_conninfo=host=/nonexistent"]
    lines += ["backup_method=postgres", "archiver=on", "backup_options=concurrent_backup", "recovery_staging_path=\(work)"]
    lines += ["incoming_wals_directory=\(archives ? incoming : "\(work)/none")", "streaming_wals_directory=\(work)/none/streaming"]
    return (lines + (settings + [wals]).map { "\($0.0)=\($0.1)" }).joined(separator: "\n") + "\n"
  }
}
