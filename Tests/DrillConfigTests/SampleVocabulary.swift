import DrillModel

@testable import DrillConfig

/// Stand-ins for the registry's engines, sources and checks, with keys of every form.
struct SampleEngine: Sendable, Equatable {
  var name = ""
  var jobs = 1
  var database: String?
  var password: SecretReference?
  var hasSQL = true
}

struct SampleSource: Sendable, Equatable {
  var path = ""
  var depth: Int?
  var region: String?
}

struct SampleCheck: Sendable, Equatable {
  var kind = ""
  var text: String?
  var min: Int?
  var max: Int?
  var equals: Int?
  var maxAge: Duration?
  var run: [String] = []
  var level = Level.quick
  var governs = false

  enum Level: String, Sendable, CaseIterable { case quick, full }
}

typealias SampleLoaded = LoadedDrill<SampleEngine, SampleSource, SampleCheck>

let sampleVocabulary = Vocabulary<SampleEngine, SampleSource, SampleCheck>(
  engines: [postgresql, files], sources: [directory, bucket], checks: [rows, query, freshness, engineCheck, command],
  refusesLogs: { $0.name == "postgresql" ? "the engine postgresql has no use for `logs`" : nil },
  misfit: { engine, check in
    check.kind == "query" && !engine.hasSQL ? "the check query needs SQL queries, which the engine \(engine.name) does not provide" : nil
  })

private let postgresql = Kind<SampleEngine>(
  name: "postgresql", summary: "Restores dumps of pg_dump.",
  section: Section<SampleEngine>([
    Key("jobs", \.jobs, .integer(1...64), default: "1", "Parallel restoring."),
    Key("database", \.database, .nonEmptyString, "The database that is asked."),
    Key("password", \.password, .secret, "The password."),
  ]), initial: SampleEngine(name: "postgresql")
) { options, context in
  if options.jobs == 13 { throw Fault(.configuration, "13 jobs bring no luck", advice: "Take 12") }
  if options.database == "warn" { context.warn("a doubtful name", at: "database") }
  return options
}

private let files = Kind<SampleEngine>(
  name: "files", summary: "Restores archives.", section: Section<SampleEngine>([]),
  initial: SampleEngine(name: "files", hasSQL: false)
) { options, _ in options }

private let directory = SourceKind<SampleSource>(
  name: "directory", schemes: ["file"], summary: "A local directory.",
  section: Section<SampleSource>([Key("depth", \.depth, .integer(0...9), "How deep.")]), initial: SampleSource()
) { options, location, context in
  if location.rest == "/etc" { context.report("never /etc", at: "from") }
  var source = options
  source.path = location.rest
  return source
}

private let bucket = SourceKind<SampleSource>(
  name: "s3", schemes: ["s3"], summary: "A bucket.",
  section: Section<SampleSource>([Key("region", \.region, .nonEmptyString, "Its region.")]), initial: SampleSource()
) { options, location, _ in
  var source = options
  source.path = location.rest
  return source
}

private let rows = Kind<SampleCheck>(
  name: "rows", summary: "Counts rows.",
  section: Section<SampleCheck>([
    Key("table", \.text, .nonEmptyString, required: true, "The table."), Key("min", \.min, .integer(0...Int.max), "The least."),
    Key("max", \.max, .integer(0...Int.max), "The most."),
  ]), initial: SampleCheck(kind: "rows"), title: { "rows of \($0.text ?? "")" },
  make: { options, context in
    if let min = options.min, let max = options.max, min > max { context.report("min is above max", at: "min") }
    return options
  })

private let query = Kind<SampleCheck>(
  name: "query", summary: "Asks.",
  section: Section<SampleCheck>(
    [
      Key("sql", \.text, .nonEmptyString, required: true, "The statement."), Key("equals", \.equals, .integer(), "Exactly."),
      Key("min", \.min, .integer(), "The least."),
    ], rules: [.exactlyOne(["equals", "min"])]), initial: SampleCheck(kind: "query")
) { options, _ in options }

private let freshness = Kind<SampleCheck>(
  name: "freshness", summary: "Judges the newest record.",
  section: Section<SampleCheck>([
    Key("sql", \.text, .nonEmptyString, required: true, "The statement."),
    Key("max-age", \.maxAge, .positiveDuration, required: true, "The most."), Key("governs", \.governs, .boolean, "Governs."),
  ]), initial: SampleCheck(kind: "freshness")
) { options, _ in options }

private let engineCheck = Kind<SampleCheck>(
  name: "engine", summary: "The engine's deep check.",
  section: Section<SampleCheck>([Key("level", \.level, .choice(), default: "quick", "How deep.")]), initial: SampleCheck(kind: "engine"),
  shorthand: Shorthand(.choice(), \.level)
) { options, _ in options }

private let command = Kind<SampleCheck>(
  name: "command", summary: "Runs a program.",
  section: Section<SampleCheck>([
    Key("run", \.run, .scalarOrList(.nonEmptyString), required: true, "The program.")
  ]), initial: SampleCheck(kind: "command"), shorthand: Shorthand(.list(of: .nonEmptyString, atLeast: 1), \.run)
) { options, _ in options }

/// A drill read from text as `drills/orders.yaml` of a site in `/srv/site` with the tiers `critical` and `standard`.
func readDrill(_ yaml: String, durability: Durability = .production) -> (drill: SampleLoaded?, messages: [String]) {
  let tiers = TierTable(
    names: ["critical", "standard"],
    objectives: ["critical": DrillObjectives(rpo: .seconds(3600), rto: .seconds(1800), every: .seconds(604_800))])
  let file = ConfigFile(shown: "orders.yaml", directory: "/srv/site/drills")
  var diagnostics = Diagnostics()
  let reader = DrillReader(vocabulary: sampleVocabulary, tiers: tiers, durability: durability)
  let drill = YAMLDocument.read(Array(yaml.utf8), file: file, &diagnostics).flatMap { reader.read($0, &diagnostics) }
  return (diagnostics.hasErrors ? nil : drill, diagnostics.sorted.map(\.description))
}

/// A site file read from text as `/srv/site/drillmark.yaml`.
func readSite(_ yaml: String) -> (site: Site?, messages: [String]) {
  let file = ConfigFile(shown: "drillmark.yaml", directory: "/srv/site")
  var diagnostics = Diagnostics()
  let site = YAMLDocument.read(Array(yaml.utf8), file: file, &diagnostics).flatMap {
    siteKeys.read($0, &diagnostics, into: Site(directory: "/srv/site"))
  }
  return (diagnostics.hasErrors ? nil : site, diagnostics.sorted.map(\.description))
}

/// The least that a drill file must hold, in five lines.
let smallDrill = """
  drill: orders
  backup: {from: /backups}
  restore: {engine: postgresql}
  checks:
    - rows: {table: orders}

  """
