import DrillTestSupport
import Glibc
import Testing

/// Drill files of the samples.
enum SampleDrill {
  static let rows = "  - rows: {table: orders, equals: 100}\n"

  /// A drill of SQLite backups named `b_<time>.db`.
  static func sqlite(
    match: String = "b_%Y%m%d_%H%M%S.db", checks: String = rows, backup: String = "", more: String = ""
  ) -> String {
    let list = checks.isEmpty ? "" : "checks:\n\(checks)"
    let rest = backup.isEmpty ? "" : ", \(backup)"
    return "backup: {from: ../backups, match: \"\(match)\"\(rest)}\nrestore: {engine: sqlite}\n\(list)\(more)"
  }

  static func files(match: String = "b_%Y%m%d_%H%M%S.tar", checks: String = "  - files: {min: 20, required: [tree/etc/app.conf]}\n")
    -> String
  {
    "backup: {from: ../backups, match: \"\(match)\"}\nrestore: {engine: files}\nchecks:\n\(checks)"
  }

  static func redis(checks: String = "  - keys: {equals: 1150}\n") -> String {
    "backup: {from: ../backups, match: \"b_%Y%m%d_%H%M%S.rdb\"}\nrestore: {engine: redis}\nchecks:\n\(checks)"
  }

  static func postgresql(match: String = "b_%Y%m%d_%H%M%S.dump", checks: String = "  - rows: {table: orders, equals: 1000}\n") -> String {
    "backup: {from: ../backups, match: \"\(match)\"}\nrestore: {engine: postgresql}\nchecks:\n\(checks)"
  }

  /// How the sample of a given server refers to its secret.
  enum Secret: String {
    case env = "{env: DRILL_DB}"
    case file = "{file: ../secret}"
    case command = "{command: [cat, ../secret]}"
  }

  static func given(_ secret: Secret = .env, checks: String = "  - rows: {table: orders, equals: 1000}\n", more: String = "") -> String {
    "backup: {from: ../backups, match: \"b_%Y%m%d_%H%M%S.dump\"}\n"
      + "restore: {engine: postgresql, server: \(secret.rawValue)\(more)}\nchecks:\n\(checks)"
  }

  /// A schedule of once a day, two minutes before now in UTC.
  static func justDue(_ more: String = "") -> String {
    var seconds = time(nil) - 120
    var parts = tm()
    gmtime_r(&seconds, &parts)
    return "schedule: {cron: \"\(parts.tm_min) \(parts.tm_hour) * * *\"\(more)}\n"
  }

  /// `b_20261121_030000.db`, two hours old unless said.
  static func name(_ age: Duration = .seconds(7200), _ ending: String = "db") -> String { "b_\(BackupStamp.ago(age)).\(ending)" }
}

extension ScratchSite {
  /// A site with the drill `d` over one sound SQLite backup.
  static func sound(_ more: String = "", drill: String = SampleDrill.sqlite()) async -> ScratchSite {
    let site = ScratchSite(more)
    site.backup(SampleDrill.name(), await SampleBackups.database())
    site.drill("d", drill)
    return site
  }

  /// A site whose drill `d` fails until there is a file `ok` in it.
  static func breakable(_ site: String, more: String = "") async -> ScratchSite {
    let site = ScratchSite(site)
    site.backup(SampleDrill.name(), await SampleBackups.database())
    let check = "  - command: {run: [test, -e, \"\(site.path)/ok\"], data: true}\n"
    site.drill("d", SampleDrill.sqlite(checks: SampleDrill.rows + check, more: more))
    return site
  }

  /// Nothing is left in the scratch directory, and the audit holds.
  func expectClean(_ location: SourceLocation = #_sourceLocation) async {
    #expect(scratchEntries.isEmpty, sourceLocation: location)
    let audit = await run("audit", "verify")
    #expect(audit.status == 0, "\(audit.said)", sourceLocation: location)
  }
}
