import DrillModel

let siteScratchKeys = Section<ScratchSettings>([
  Key("directory", \.directory, .path, default: "/var/tmp/drillmark", "Where scratch targets are made; empty when nothing runs."),
  Key("keep-free", \.keepFree, .freeSpace, default: "10%", "What stays free on that file system: a run that needs more is refused."),
  Key("durability", \.durability, .choice(), default: "production", "For drills that do not say: `relaxed` turns syncing to disk off."),
])

let awsKeys = Section<AWSSettings>([
  Key("region", \.region, .nonEmptyString, "The region asked where none follows from a name."),
  Key("profile", \.profile, .nonEmptyString, "The profile of the shared AWS configuration files."),
  Key("endpoint", \.endpoint, .httpURL, "A URL to ask instead of Amazon's."),
  Key("role-arn", \.roleARN, .nonEmptyString, "A role to take on first."),
])

let protectKeys = Section<Protection>([
  Key(
    "hosts", \.hosts, .list(of: .nonEmptyString),
    "Host names and addresses that are never touched, whatever a drill says; compared by the addresses they lead to."),
  Key(
    "systems", \.systems, .list(of: .integer(1...Int.max)),
    "System identifiers of PostgreSQL servers (`pg_controldata`) that are never touched, nor any copy of one."),
])

let siteKeys = Section<Site>([
  Key("ledger", \.ledger, .ledger, default: "state/drillmark.sqlite", "The SQLite file that holds every sealed record."),
  Key("reports", \.reports, .path, default: "reports", "The directory that reports are written to."),
  Key("scratch", \.scratch, .section(siteScratchKeys, initial: ScratchSettings()), "The scratch targets."),
  Key("parallel", \.parallel, .integer(1...256), default: "1", "Runs at once on this host; more than one can lengthen recovery times."),
  Key("aws", \.aws, .section(awsKeys, initial: AWSSettings()), "Where calls to AWS go."),
  Key("tiers", \.tiers, .map(of: .section(objectiveKeys, initial: DrillObjectives())), "Objectives that drills share by a name."),
  Key("notify", \.notify, .channels, "Whom to tell, and of what."),
  Key("escalate", \.escalate, .list(of: .stage), "Whom else to tell when things stay bad, and after how long."),
  Key("protect", \.protect, .section(protectKeys, initial: Protection()), "What no drill may touch."),
])

extension ValueType where Value == String {
  /// The path of an SQLite file; a ledger on a server is refused.
  static var ledger: ValueType<String> {
    let schema: SchemaJSON = ["type": "string", "minLength": 1, "not": ["pattern": "^~(/|$)|^[A-Za-z][A-Za-z0-9+.-]*://"]]
    return ValueType(summary: "path", schema: schema) { node, diagnostics in
      if let (scheme, _) = node.scalar.flatMap({ splitURI($0.text) }) {
        let isPlanned = ["postgres", "postgresql"].contains(scheme)
        let message =
          isPlanned ? "a ledger on a PostgreSQL server is planned, and not there yet" : "a ledger is a file, not a \(scheme):// URI"
        diagnostics.error(message, at: node.place, suggestion: "name an SQLite file such as state/drillmark.sqlite")
        return nil
      }
      return ValueType<String>.path.read(node, &diagnostics)
    }
  }
}
