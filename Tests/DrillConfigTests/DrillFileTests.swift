import DrillModel
import Testing

@testable import DrillConfig

@Suite("A drill file") struct DrillFileTests {
  static let orders = """
    # drills/orders.yaml
    drill: orders
    description: Nightly logical dump of the orders database
    owner: payments
    tier: critical
    objectives: {rpo: 26h, rto: 30m}        # overrides the tier's
    schedule: {cron: "0 4 * * SUN", timezone: Europe/Berlin, jitter: 10m, start-within: 2h, finish-within: 3h, missed: run-once}
    backup:
      from: s3://acme-backups/postgres/     # a directory or one file
      match: "orderdb_%Y%m%d_%H%M%S.sql.gz" # strftime fields
      name-timezone: UTC
      select: latest
      window: 30d
      settle: 1h
    restore:
      engine: postgresql
      jobs: 2
      database: orders
    checks:
      - rows: {table: orders, min: 1000}
      - query: {sql: "select count(*) from orders o left join customers c on c.id = o.customer_id where c.id is null", equals: 0}
        name: every order has a customer
      - freshness: {sql: "select max(created_at) from orders", max-age: 1d}
      - engine: {level: full}               # the engine's own deep check
        severity: warn

    """

  @Test("of the contract parses whole") func contract() throws {
    let (drill, messages) = readDrill(DrillFileTests.orders)
    #expect(messages == [])
    let loaded = try #require(drill)
    #expect(loaded.drill.name == "orders")
    #expect(loaded.drill.owner == "payments")
    #expect(loaded.drill.objectives == DrillObjectives(rpo: .seconds(93_600), rto: .seconds(1800), every: .seconds(604_800)))
    #expect(
      loaded.drill.schedule
        == DrillSchedule(
          cron: "0 4 * * SUN", timezone: "Europe/Berlin", jitter: .seconds(600), startWithin: .seconds(7200),
          finishWithin: .seconds(10_800)))
    #expect(loaded.drill.rules == SelectionRules(match: "orderdb_%Y%m%d_%H%M%S.sql.gz"))
    #expect(loaded.location == BackupLocation(text: "s3://acme-backups/postgres/", scheme: "s3", rest: "acme-backups/postgres/"))
    #expect(loaded.engine == SampleEngine(name: "postgresql", jobs: 2, database: "orders"))
    #expect(loaded.checks.map(\.rules.name) == ["rows of orders", "every order has a customer", "freshness", "engine"])
    #expect(loaded.checks.map(\.rules.severity) == [.fail, .fail, .fail, .warn])
    #expect(loaded.checks.map(\.place.line) == [20, 21, 23, 24])
  }

  @Test("may say everything that the contract names without a place, at the top or inside") func everything() throws {
    let (drill, messages) = readDrill(
      """
      drill: d
      rpo-basis: gap
      rto-until: verified
      gap-tolerance: 0.2
      failure-instant: 2026-11-01T05:00:00+01:00
      clock-skew: 1m
      duration: PT20M
      scratch: {durability: relaxed}
      limits: {bytes: 1.5GiB, entries: 7, ratio: 9}
      deadlines: {select: 10m, cleanup: 1h}
      check-timeout: 5m
      schedule: "@weekly"
      backup:
        from: file:///var/my%20backups
        header-timezone: America/New_York
        trust-modified-time: true
        select: {oldest-within: 90d}
      restore: {engine: postgresql, password: {command: [pass, show, db]}}
      checks:
        - engine: full
          timeout: 10s
          ignore: {reason: known, until: 2026-12-31}
      """)
    #expect(messages == [])
    let loaded = try #require(drill?.drill)
    #expect(loaded.objectives == DrillObjectives(rpoBasis: .worstGap, rtoUntil: .verified, gapTolerance: 0.2))
    #expect(loaded.failureInstant == Timestamp(rfc3339: "2026-11-01T04:00:00Z"))
    #expect(loaded.durability == .relaxed)
    #expect(loaded.limits == UnpackLimits(bytes: 1_610_612_736, entries: 7, ratio: 9))
    #expect(loaded.deadlines == PhaseDeadlines(limits: [.select: .seconds(600), .cleanup: .seconds(3600)]))
    #expect(loaded.checkTimeout == .seconds(300))
    #expect(loaded.schedule == DrillSchedule(cron: "@weekly"))
    let rules = SelectionRules(
      headerTimezone: "America/New_York", trustModifiedTime: true, duration: .seconds(1200), select: .oldestWithin(.seconds(7_776_000)),
      clockSkew: .seconds(60))
    #expect(loaded.rules == rules)
    #expect(drill?.location.rest == "/var/my backups")
    #expect(drill?.engine.password == .command(["pass", "show", "db"]))
    let ignore = CheckRules.Ignore(reason: "known", until: Timestamp(utc: CivilTime(year: 2027, month: 1, day: 1)))
    #expect(drill?.checks.first?.rules == CheckRules(name: "engine", kind: "engine", timeout: .seconds(10), ignore: ignore))
  }

  @Test(
    "takes a known opaque scheme for one, and any other text with a colon for a path",
    arguments: [
      ("rds:cluster:orders", "rds", "cluster:orders"), ("EBS:vol-1", "ebs", "vol-1"), ("a:b", "file", "/srv/site/drills/a:b"),
      ("./rds:orders", "file", "/srv/site/drills/rds:orders"), ("s3://b/c:d", "s3", "b/c:d"),
    ])
  func locations(_ text: String, _ scheme: String, _ rest: String) throws {
    var diagnostics = Diagnostics()
    let node = try #require(
      YAMLDocument.read(Array("\"\(text)\"".utf8), file: ConfigFile(shown: "f", directory: "/srv/site/drills"), &diagnostics))
    let location = ValueType<BackupLocation>.backupLocation.read(node, &diagnostics)
    #expect(location == BackupLocation(text: text, scheme: scheme, rest: rest))
  }

  @Test("takes the site's durability unless it says its own") func durability() {
    #expect(readDrill(smallDrill, durability: .relaxed).drill?.drill.durability == .relaxed)
    #expect(readDrill(smallDrill + "scratch: {durability: production}", durability: .relaxed).drill?.drill.durability == .production)
  }

  @Test("resolves relative paths from its own directory and leaves `..` alone") func paths() {
    let yaml = smallDrill.replacing("/backups", with: "./../backups")
    #expect(readDrill(yaml).drill?.source.path == "/srv/site/drills/../backups")
  }

  @Test("numbers checks whose titles are the same") func titles() {
    let yaml = smallDrill + "  - rows: {table: orders}\n  - engine: full\n    name: rows of orders (2)\n  - rows: {table: orders}\n"
    #expect(
      readDrill(yaml).drill?.checks.map(\.rules.name) == [
        "rows of orders", "rows of orders (3)", "rows of orders (2)", "rows of orders (4)",
      ])
  }

  @Test("without checks is told about, and can be used") func noChecks() {
    let (drill, messages) = readDrill("drill: d\nbackup: {from: b}\nrestore: {engine: files}\nchecks:\n")
    #expect(drill != nil)
    #expect(messages == ["orders.yaml:1:1: warning: the drill has no checks, so that no run of it can pass; add a list of checks"])
  }

  @Test(
    "shows hostile names as they are",
    arguments: [
      "'; DROP TABLE run; --", "../../x", "<script>alert(1)</script>", "two\nlines", "Bestellungen (früh) 📦",
      String(repeating: "x", count: 10_240),
    ])
  func hostileNames(_ name: String) {
    let quoted = name.replacing("\n", with: "\\n").replacing("'", with: "\\u0027")
    let (drill, messages) = readDrill(smallDrill.replacing("drill: orders", with: "drill: \"\(quoted)\""))
    #expect(drill?.drill.name == name)
    #expect(messages == [])
  }

  @Test("longer than 10 kB in its name is refused") func longName() {
    let name = String(repeating: "x", count: 10_241)
    #expect(
      readDrill(smallDrill.replacing("drill: orders", with: "drill: \(name)")).messages.first?.hasPrefix(
        "orders.yaml:1:8: expected a name of at most") ?? false)
  }

  @Test("passes on what an engine warns of") func warning() {
    let yaml = smallDrill.replacing("postgresql}", with: "postgresql, database: warn}")
    let (drill, messages) = readDrill(yaml)
    #expect(drill != nil)
    #expect(messages == ["orders.yaml:3:41: warning: a doubtful name"])
  }
}
