import DrillModel
import PostgreSQLKit

/// Says what an error of a load means: nothing, a right that is missing, or the end of the restore.
struct LoadJudge: Sendable {
  var installation: Installation
  var serverVersion: String
  /// Whether the server is one that the drill was given: a dump gets no roles there, and what the server lacks is its owner's to add.
  var isGiven = false
  /// Whether the load already has every right.
  var isSuperuser: Bool
  /// The major version of the pg_dump that wrote the dump, where known.
  var dumpMajor: Int?

  enum Judgement: Hashable, Sendable {
    case harmless(String)
    case needsSuperuser(String)
    case fault(Fault)
  }

  func judge(_ error: LoadError) -> Judgement {
    let command = (error.command ?? "").uppercased()
    if let note = harmless(error, command) { return .harmless(note) }
    if let fault = ours(error) ?? archive(error) { return .fault(fault) }
    if !isSuperuser, isRefusal(error) { return .needsSuperuser(error.readable) }
    if let fault = missingRole(error) { return .fault(fault) }
    if let dumpMajor, dumpMajor > serverMajor {
      return .fault(
        Fault(
          .toolTooOld, "the dump is from pg_dump \(dumpMajor) and PostgreSQL \(serverVersion) does not load it: \(error.readable)",
          advice: isGiven
            ? "Give the drill a server of version \(dumpMajor) or newer" : "Install it: apt-get install postgresql-\(dumpMajor)"))
    }
    return .fault(Fault(.restoreFailed, "the restore broke: \(error.readable)", advice: DumpFormat.lookAtJob))
  }

  private var serverMajor: Int { Int(serverVersion.prefix { $0.isNumber }) ?? installation.major }

  /// On a server of our own every role that a dump names has a stand-in.
  private func missingRole(_ error: LoadError) -> Fault? {
    guard isGiven, error.message.hasPrefix("role \""), error.message.hasSuffix("\" does not exist") else { return nil }
    return Fault(
      .permissionDenied, "the dump needs a role that the given server does not have: \(error.readable)",
      advice: "Make it there without a login (CREATE ROLE … NOLOGIN), or leave `server` out: a server of the run's own has stand-ins")
  }

  /// What was spoiled on its way (`DumpPump`), told without its end, where a password may stand.
  private func leftOut(_ error: LoadError, _ command: String) -> String? {
    guard isGiven, error.sqlState == "42601", error.message.hasSuffix("\")\"") else { return nil }
    guard isAboutRights(command) || isAboutWholeDatabases(command) else { return nil }
    let words = command.split(separator: " ").prefix(2).joined(separator: " ")
    return "left out, because it reaches beyond the run's own database: \(words)\(error.line.map { " at line \($0)" } ?? "")"
  }

  private func isAboutWholeDatabases(_ command: String) -> Bool {
    ["CREATE DATABASE", "DROP DATABASE", "DROP OWNED", "DROP GROUP", "DROP SUBSCRIPTION", "PREPARE TRANSACTION"]
      .contains { command.hasPrefix($0) }
  }

  private func harmless(_ error: LoadError, _ command: String) -> String? {
    let text = error.message
    if let note = leftOut(error, command) { return note }
    if isRefusal(error) || (text.contains("role \"") && text.contains("does not exist")) {
      return isAboutRights(command)
        ? "left out, because it needs rights or roles that \(isGiven ? "the given" : "a scratch") server does not give: \(error.readable)"
        : nil
    }
    if text.contains("does not exist"), isAboutReplication(text), isAboutRights(command) {
      return "left out, because what it describes was left out: \(error.readable)"
    }
    // The loading superuser finds the stand-ins that were made for the dump's roles.
    if text.hasPrefix("role \""), text.contains("already exists"), command.hasPrefix("CREATE ") { return "a role was there already" }
    if text.contains("does not exist"), isRemoval(command) { return "nothing was there to remove: \(error.readable)" }
    if text.hasPrefix("database \""), text.contains("does not exist"), isAboutDatabase(command) {
      return "left out, because the database is not there yet: \(error.readable)"
    }
    if isAboutLocale(error), command.hasPrefix("CREATE DATABASE") { return "\(LoadJudge.otherLocale): \(text)" }
    if text.contains("unrecognized configuration parameter"), command.hasPrefix("SET ") || command.hasPrefix("ALTER ") {
      return "a setting that PostgreSQL \(serverVersion) does not know was left out: \(error.readable)"
    }
    if text.contains("schema \"public\" already exists") { return "the schema public was there already" }
    if text.contains("language \"plpgsql\" already exists") { return "the language plpgsql was there already" }
    if text.contains("database \"postgres\" already exists") || text.contains("database \"template1\" already exists") { return text }
    if text.contains("invalid value for parameter \"default_tablespace\"") || text.contains("security label provider")
      || text.contains("invalid value for parameter \"default_table_access_method\"")
    {
      return "left out: \(error.readable)"
    }
    return nil
  }

  /// Begins the note on a database that is made in another locale than the dump asks for.
  static let otherLocale = "the database is made with the scratch server's locale, so text sorts otherwise than in production"

  /// What `pg_dump --clean` writes before it makes anything; in an empty target there is nothing yet.
  private func isRemoval(_ command: String) -> Bool {
    command.hasPrefix("DROP ")
      || command.hasPrefix("ALTER ") && (command.contains(" DROP CONSTRAINT ") || command.contains(" DROP DEFAULT"))
  }

  private func isAboutReplication(_ text: String) -> Bool { text.hasPrefix("publication \"") || text.hasPrefix("subscription \"") }

  private func isAboutDatabase(_ command: String) -> Bool {
    command.hasPrefix("ALTER DATABASE ") || command.hasPrefix("COMMENT ON DATABASE ")
      || (command.hasPrefix("GRANT ") || command.hasPrefix("REVOKE ")) && command.contains(" ON DATABASE ")
  }

  private func isAboutLocale(_ error: LoadError) -> Bool {
    let text = error.message
    return text.contains("locale name") || text.contains("could not create locale")
      || text.hasPrefix("encoding \"") && text.contains("does not match locale")
  }

  private func isRefusal(_ error: LoadError) -> Bool {
    if error.sqlState == "42501" { return true }
    let text = error.message
    let beginnings = ["permission denied", "must be owner", "must be superuser", "must be member", "must have ", "must be able to"]
    return error.sqlState == nil && beginnings.contains { text.hasPrefix($0) }
      || text.hasPrefix("language \"") && text.contains("does not exist")
  }

  /// Whether a statement only hands out rights or describes the server that the dump came from.
  private func isAboutRights(_ command: String) -> Bool {
    let beginnings = [
      "GRANT ", "REVOKE ", "ALTER DEFAULT PRIVILEGES", "COMMENT ON ", "SET SESSION AUTHORIZATION", "SET ROLE", "RESET ", "CREATE ROLE",
      "CREATE USER ", "CREATE GROUP", "ALTER ROLE", "ALTER USER", "ALTER GROUP", "DROP ROLE", "DROP USER", "SECURITY LABEL",
      "CREATE TABLESPACE", "ALTER TABLESPACE", "DROP TABLESPACE", "CREATE SUBSCRIPTION", "ALTER SUBSCRIPTION", "CREATE PUBLICATION",
      "ALTER PUBLICATION", "ALTER SYSTEM", "REASSIGN OWNED", "CREATE PROCEDURAL LANGUAGE PLPGSQL",
      "CREATE OR REPLACE PROCEDURAL LANGUAGE PLPGSQL",
    ]
    if beginnings.contains(where: { command.hasPrefix($0) }) { return true }
    return command.hasPrefix("ALTER ") && (command.contains(" OWNER TO ") || command.hasPrefix("ALTER DATABASE"))
  }

  /// What the server's machine lacks.
  private func ours(_ error: LoadError) -> Fault? {
    let text = error.message
    let (machine, server) = isGiven ? ("the given server", "the given server") : ("this machine", "the scratch server")
    if text.contains("No space left on device") || error.sqlState == "53100" {
      return Fault(
        .noSpace, "\(server) ran out of space: \(error.readable)",
        advice: isGiven ? "Free space on it" : "Free space, or set scratch.directory elsewhere")
    }
    if text.hasPrefix("extension \""), text.contains("is not available") || text.contains("has no installation script") {
      return Fault(
        .toolMissing, "the dump needs an extension that \(machine) lacks: \(text)",
        advice: "Install its package for PostgreSQL \(serverMajor) (postgresql-\(serverMajor)-…, or postgresql-contrib)")
    }
    if text.contains("could not access file \"") || text.contains("could not open extension control file") {
      return Fault(
        .toolMissing, "the dump needs a library that \(machine) lacks: \(error.readable)",
        advice: "Install the extension's package for PostgreSQL \(serverMajor)")
    }
    if isAboutLocale(error)
      || text.hasPrefix("collation \"") && text.contains("does not exist")
    {
      return Fault(
        .toolMissing, "the dump needs a locale that \(machine) lacks: \(text)",
        advice: "Add it to /etc/locale.gen and run locale-gen, or use the database's own machine image")
    }
    if text.contains("invalid command \\restrict") {
      return Fault(.toolTooOld, "psql \(installation.version) does not know \\restrict, without which a dump could run commands")
    }
    if text.contains("backslash commands are restricted") {
      return Fault(.unsafeContent, "psql refused a command of the dump that reaches for the host\(error.line.map { ", line \($0)" } ?? "")")
    }
    if text.hasPrefix("could not execute command") {
      return Fault(
        .unsafeContent,
        "the dump asks the server to run a command, which \(isGiven ? "it" : "the box") refused\(error.line.map { ", line \($0)" } ?? "")",
        advice: "See who can write to the place where the backups lie")
    }
    if error.sqlState == "53200" || text.contains("server closed the connection") || text.contains("terminating connection")
      || text.contains("connection to server") || text.contains("the database system is")
    {
      return Fault(.toolFailed, "\(server) broke off the load: \(error.readable)", advice: "See `drillmark log`; check its memory")
    }
    return nil
  }

  /// What pg_restore says of an archive that is not whole.
  private func archive(_ error: LoadError) -> Fault? {
    let text = error.message
    let cut = ["end of file", "input file is too short", "unexpected end"]
    if cut.contains(where: { text.contains($0) }) {
      return Fault(.backupTruncated, "the archive ends before its end: \(error.readable)", advice: DumpFormat.lookAtJob)
    }
    let damaged = [
      "uncompress", "corrupt", "found unexpected block ID", "could not find block ID", "did not find magic string", "bad dumpId",
      "unrecognized data block type", "unexpected section code", "out-of-order", "entry ID", "could not find header for file",
      "invalid checksum", "could not read data", "could not find file",
    ]
    if damaged.contains(where: { text.contains($0) }) {
      return Fault(.backupDamaged, "the archive is damaged: \(error.readable)", advice: DumpFormat.lookAtJob)
    }
    if text.contains("unsupported version"), text.contains("in file header") {
      return Fault(
        .toolTooOld, "pg_restore \(installation.version) does not read this archive: \(text)", advice: "Install a newer PostgreSQL")
    }
    return nil
  }
}
