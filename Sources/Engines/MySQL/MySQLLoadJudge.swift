import DrillModel
import MySQLKit

/// One error that a loading program printed.
struct MySQLLoadError: Sendable, Hashable {
  /// Zero where the program itself refused.
  var code: Int
  var line: Int?
  var message: String

  /// Reads `ERROR 1064 (42000) at line 35: …` and `ERROR at line 1: …` of the client; nil for any other line.
  init?(client text: String) {
    guard let match = text.firstMatch(of: /^ERROR(?: (\d+) \(\w+\))?(?: at line (\d+))?(?: in file: .*?)?: (.*)$/) else { return nil }
    code = match.1.flatMap { Int($0) } ?? 0
    line = match.2.flatMap { Int($0) }
    message = String(match.3)
  }

  init(code: Int, line: Int?, message: String) {
    self.code = code
    self.line = line
    self.message = message
  }
}

/// Tells what an error of a load says: something about the backup, or about this machine.
struct MySQLLoadJudge: Sendable {
  var installation: MySQLInstallation
  var header: MySQLDumpHeader?

  /// - Parameters:
  ///   - kind: Of the statement that failed: `CREATE TABLE`.
  ///   - place: Where it stands, for people: `at line 35`.
  func fault(_ error: MySQLLoadError, kind: String?, at place: String) -> Fault {
    let place = [kind, place].compactMap(\.self).joined(separator: " ")
    let said = MySQLError.withoutValues(error.message)
    let text = "the dump cannot be loaded, \(place): \(said)\(error.code > 0 ? " (\(error.code))" : "")"
    if error.message.contains("No space left") || error.message.contains("errno: 28") || error.code == 1021 {
      return Fault(.noSpace, "\(text): the scratch server ran out of space", advice: "Free space, or set scratch.directory elsewhere")
    }
    if error.message.hasPrefix("Unknown command") {
      return Fault(.unsafeContent, "the dump asks the client for a command, \(place): \(said)", advice: MySQLLoadJudge.whoWrites)
    }
    if [1205, 1213].contains(error.code) || MySQLLoadJudge.locks.contains(where: { error.message.contains($0) }) {
      return Fault(
        .toolFailed, "\(text): threads of the load stood in each other's way, which says nothing of the backup",
        advice: "Run the drill again; `jobs: 1` loads one file after the other", isTransient: true)
    }
    switch error.code {
    case 1044, 1045, 1142, 1143, 1227, 1370, 1419, 1290, 1698, 4166, 1148, 3948:
      return Fault(
        .unsafeContent, "the dump asks for more than its own databases, \(place): \(said)", advice: MySQLLoadJudge.whoWrites)
    case 2002, 2003, 2006, 2013, 2026, 1053, 1927:
      return Fault(.toolFailed, "the scratch server went away, \(place)", advice: "See `drillmark log`; check memory", isTransient: true)
    case 1037, 1038, 1041, 1040, 1135:
      return Fault(.toolFailed, text, advice: "Check the memory of this machine", isTransient: true)
    case 1273, 1115, 1286, 1193, 1524, 1231, 1235, 1911, 1912, 1064, 1128, 4161, 1253, 1267, 1272:
      // Rows are written alike everywhere: an error of syntax in them, or in what is no statement at all, is damage.
      let isDefinition = ["CREATE", "ALTER", "SET"].contains { kind?.hasPrefix($0) == true }
      if error.code == 1064, !isDefinition { return Fault(.restoreFailed, text, advice: MySQLLoadJudge.look) }
      return unknownToServer(error, text)
    default: return Fault(.restoreFailed, text, advice: MySQLLoadJudge.look)
    }
  }

  /// What another vendor's or a newer server wrote may be sound and unknown here.
  private func unknownToServer(_ error: MySQLLoadError, _ text: String) -> Fault {
    if let vendor = header?.vendor, isForeign(vendor) {
      let version = header?.serverVersion.map { " \($0)" } ?? ""
      return Fault(
        .toolTooOld,
        "\(text). The dump comes from \(vendor.title)\(version), and \(installation.description) need not know all that it does",
        advice:
          "Install that server (apt-get install \(vendor.package)), at least as new; if it is there and the text is the same, the dump is damaged"
      )
    }
    if [1286, 1524].contains(error.code) {
      return Fault(
        .toolMissing, "\(text). The scratch server has its built-in engines only, and loads no libraries",
        advice: "Tables of other engines cannot be drilled so far: dump them by themselves")
    }
    if header?.vendor == nil, error.code != 1064 {
      return Fault(.toolTooOld, text, advice: "Install the server that the dump was taken from, at least as new")
    }
    return Fault(.restoreFailed, text, advice: MySQLLoadJudge.look)
  }

  private func isForeign(_ vendor: MySQLVendor) -> Bool {
    guard vendor == installation.vendor else { return true }
    guard let version = header?.serverVersion else { return false }
    return installation.numbers.prefix(2).lexicographicallyPrecedes(MySQLInstallation.numbers(version).prefix(2))
  }

  /// Messages of errors 1213 and 1205, which myloader prints without their numbers.
  private static let locks = ["Deadlock found when trying to get lock", "Lock wait timeout exceeded"]
  static let look = "Run `drillmark log` for all that was said"
  static let whoWrites = "Find out who can write to the backups"
}
