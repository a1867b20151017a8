import DrillModel
import EngineKit
import Foundation
import Glibc
import ToolRunner

/// What a backup's `backup-my.cnf` may say: how the files are built, and nothing that reaches out of them.
struct InnoDBSettings: Sendable {
  /// In the order of the file.
  var values: [(name: String, value: String)] = []

  /// Reads the file in a backup's directory; without one there are no values.
  ///
  /// - Throws: `Fault` with code `unsafe_content` for a data file outside the directory.
  static func read(_ directory: String) throws -> InnoDBSettings {
    guard let text = SmallFile.text("\(directory)/backup-my.cnf") else { return InnoDBSettings() }
    var found = InnoDBSettings()
    for line in text.split(whereSeparator: \.isNewline) {
      guard let sign = line.firstIndex(of: "=") else { continue }
      let name = line[..<sign].trimmingCharacters(in: .whitespaces).replacing("-", with: "_")
      let value = line[line.index(after: sign)...].trimmingCharacters(in: .whitespaces)
      guard let kind = kinds[name], !found.values.contains(where: { $0.name == name }) else { continue }
      guard kind.accepts(value) else {
        throw Fault(
          .unsafeContent,
          "the backup's backup-my.cnf has the setting \(name) with a value that is refused: \(InertText.line(value, limit: 100))",
          advice: "Data files must lie in the data directory itself")
      }
      found.values.append((name, value))
    }
    return found
  }

  /// Replaces the file, so that the tool that prepares reads nothing else.
  func write(to directory: String, owner: Box.User?) throws {
    let path = "\(directory)/backup-my.cnf"
    unlink(path)
    let lines = values.map { "\($0.name)=\($0.value)\n" }.joined()
    try Accounts.writeFile(path, "[mysqld]\n\(lines)", owner: owner)
  }

  /// Arguments for the scratch server. The size of the redo log and the undo tablespaces are what its files say.
  var arguments: [String] {
    values.filter { InnoDBSettings.forServer.contains($0.name) }.map { "--\($0.name.replacing("_", with: "-"))=\($0.value)" }
  }

  private enum Kind {
    case number, word, dataFiles, here

    func accepts(_ value: String) -> Bool {
      switch self {
      case .number: value.wholeMatch(of: /[0-9]{1,20}[KMGkmg]?/) != nil
      case .word: value.wholeMatch(of: /[A-Za-z0-9_]{1,40}/) != nil
      // ibdata1:12M;ibdata2:50M:autoextend:max:2G
      case .dataFiles:
        value.wholeMatch(
          of:
            /[A-Za-z0-9_.\-]+:[0-9]+[KMG]?(:autoextend(:max:[0-9]+[KMG]?)?)?(;[A-Za-z0-9_.\-]+:[0-9]+[KMG]?(:autoextend(:max:[0-9]+[KMG]?)?)?)*/
        ) != nil && !value.contains("..")
      case .here: ["", ".", "./"].contains(value)
      }
    }
  }

  private static let kinds: [String: Kind] = [
    "innodb_checksum_algorithm": .word, "innodb_log_checksum_algorithm": .word, "innodb_data_file_path": .dataFiles,
    "innodb_log_files_in_group": .number, "innodb_log_file_size": .number, "innodb_page_size": .number, "innodb_log_block_size": .number,
    "innodb_fast_checksum": .word, "innodb_undo_directory": .here, "innodb_undo_tablespaces": .number, "innodb_compression_level": .number,
    "innodb_log_checksums": .word, "redo_log_version": .number,
  ]

  private static let forServer: Set<String> = [
    "innodb_checksum_algorithm", "innodb_data_file_path", "innodb_page_size", "innodb_undo_tablespaces", "innodb_compression_level",
  ]
}
