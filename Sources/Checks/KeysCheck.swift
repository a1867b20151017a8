package import DrillConfig
import DrillModel
package import EngineKit
import Manifests

/// `keys: {prefix: /reg/, min: 5, values: {/reg/a: SHA256}}`: the keys of a key-value store, by number, value, age and revision.
package struct KeysCheck: IntegrityCheck {
  package struct Options: Sendable {
    var selection = KeySelection()
    var least: Int?
    var most: Int?
    var exactly: Int?
    var shortest: Duration?
    var longest: Duration?
    var required: [[UInt8]] = []
    var absent: [[UInt8]] = []
    var values: [String: [UInt8]] = [:]
    var manifest: String?
    var revision: Revision?
  }

  /// Bounds of the revision that a store stands at.
  package struct Revision: Sendable {
    var least: Int?
    var most: Int?
    var exactly: Int?
  }

  /// A key and the digest of the value that it must have.
  struct Value: Sendable {
    var key: [UInt8]
    var digest: [UInt8]
  }

  package let kind = "keys"
  package let looksAtData = true

  package var needs: ProbeKinds {
    var needs = options.selection.needs
    if options.shortest != nil || options.longest != nil { needs.insert(.keyLifetimes) }
    if options.revision != nil { needs.insert(.keyRevisions) }
    return needs
  }

  package var title: String { "keys\(options.selection.described)" }

  let options: Options
  /// Sorted by their keys.
  let values: [Value]
  /// An absolute path.
  let manifest: String?

  private static let revisionKeys = Section<Revision>(
    [
      Key("min", \.least, .integer(0...Int.max), "The lowest revision"),
      Key("max", \.most, .integer(0...Int.max), "The highest revision"),
      Key("equals", \.exactly, .integer(0...Int.max), "The exact revision"),
    ], rules: [.atLeastOne(["min", "max", "equals"]), .once(["min"], ["equals"]), .once(["max"], ["equals"])])

  package static let declared = Kind<any IntegrityCheck>(
    name: "keys", summary: "Keys of a key-value store: how many, which, with which values, how long they are to live",
    section: Section<Options>(
      [
        Key("database", \.selection.database, .integer(0...Int.max), "The number of one of several databases of a server"),
        Key("prefix", \.selection.prefix, .keyBytes, "What the keys begin with"),
        Key("pattern", \.selection.pattern, .keyBytes, "A glob pattern that the keys fit, in the server's syntax"),
        Key("type", \.selection.type, .nonEmptyString, "The type of the keys' values by the server's name: `string`, `hash`"),
        Key("expires", \.selection.expires, .boolean, "Only keys that have a time to live (true) or none (false)"),
        Key("min", \.least, .integer(0...Int.max), default: "1", "The fewest keys"),
        Key("max", \.most, .integer(0...Int.max), "The most keys"),
        Key("equals", \.exactly, .integer(0...Int.max), "The exact number of keys; 0 is one"),
        Key("min-ttl", \.shortest, .positiveDuration, "The shortest time to live left to any of the keys that expire"),
        Key("max-ttl", \.longest, .positiveDuration, "The longest time to live left to any of the keys that expire"),
        Key("required", \.required, .list(of: .keyBytes), "Keys that must be there"),
        Key("absent", \.absent, .list(of: .keyBytes), "Keys that must not be there"),
        Key("values", \.values, .map(of: .sha256), "Keys with the SHA-256 of their values"),
        Key("manifest", \.manifest, .path, "A file with the digest of each of the keys, which must be these and no others"),
        Key("revision", \.revision, .section(revisionKeys, initial: Revision()), "The revision that the store stands at"),
      ], rules: [.atMostOne(["prefix", "pattern"]), .once(["min"], ["equals"]), .once(["max"], ["equals"])]), initial: Options(),
    title: { $0.title }, make: { options, context in make(options, &context) })

  private static func make(_ given: Options, _ context: inout ReadContext) -> KeysCheck? {
    var options = given
    if let least = options.least, let most = options.most, least > most { context.report("`min` is more than `max`", at: "min") }
    if let shortest = options.shortest, let longest = options.longest, shortest > longest {
      context.report("`min-ttl` is more than `max-ttl`", at: "min-ttl")
    }
    if let least = options.revision?.least, let most = options.revision?.most, least > most {
      context.report("the revision's `min` is more than its `max`", at: "revision")
    }
    if options.shortest != nil || options.longest != nil, options.selection.expires == false {
      context.report("keys that do not expire have no time to live", at: "expires")
    }
    if options.least == nil, options.most == nil, options.exactly == nil { options.least = 1 }
    var values: [Value] = []
    for (text, digest) in options.values {
      if let key = Manifest.unescaped(text.utf8), !key.isEmpty {
        values.append(Value(key: key, digest: digest))
      } else {
        context.report("in a key a percent sign is %25 and any other byte %XX in capital digits", at: "values")
      }
    }
    values.sort { $0.key.lexicographicallyPrecedes($1.key) }
    return KeysCheck(options: options, values: values, manifest: options.manifest.map { context.file.resolve($0) })
  }

  package func evaluate(_ subject: CheckSubject) async -> CheckFinding {
    guard let probe = subject.probes.keys else { return .unanswered(expected) }
    var judgement = KeyJudgement(probe: probe, timeout: subject.timeout)
    do {
      try await judgement.count(options)
      try await judgement.lifetimes(options)
      try await judgement.presence(options)
      try await judgement.values(values, database: options.selection.database)
      if let manifest { try await judgement.manifest(manifest, options.selection) }
      if let revision = options.revision { try await judgement.revision(revision) }
    } catch let fault as Fault {
      return judgement.finding(CheckFinding(.couldNotVerify, expected: expected, found: fault.description))
    } catch {
      return judgement.finding(CheckFinding(error, expected: expected))
    }
    return judgement.finding(CheckFinding(.passed, expected: expected))
  }

  private var expected: String {
    var parts = [BoundText.of(options.least, options.most, options.exactly, "keys") + options.selection.described]
    if let shortest = options.shortest { parts.append("a time to live of at least \(shortest.readable)") }
    if let longest = options.longest { parts.append("a time to live of at most \(longest.readable)") }
    if !options.required.isEmpty { parts.append("\(options.required.count) required keys") }
    if !options.absent.isEmpty { parts.append("\(options.absent.count) keys that are not there") }
    if !values.isEmpty { parts.append("\(values.count) values by their digests") }
    if manifest != nil { parts.append("as in the manifest") }
    if let revision = options.revision { parts.append("revision " + BoundText.of(revision.least, revision.most, revision.exactly)) }
    return parts.joined(separator: ", ")
  }
}

extension KeySelection {
  /// For titles and records: ` under /reg/ in database 3`; empty for all keys.
  var described: String {
    var parts: [String] = []
    if let type { parts.append("of type \(type)") }
    if let prefix { parts.append("under \(Manifest.escaped(prefix).prefix(100))") }
    if let pattern { parts.append("like \(Manifest.escaped(pattern).prefix(100))") }
    if let database { parts.append("in database \(database)") }
    if let expires { parts.append(expires ? "that expire" : "that never expire") }
    return parts.isEmpty ? "" : " " + parts.joined(separator: " ")
  }
}

/// Bounds in words: `at least 5 keys`.
enum BoundText {
  static func of(_ least: Int?, _ most: Int?, _ exactly: Int?, _ unit: String = "") -> String {
    let end = unit.isEmpty ? "" : " \(unit)"
    if let exactly { return "\(exactly)\(end)" }
    switch (least, most) {
    case (let least?, let most?): return "\(least) to \(most)\(end)"
    case (nil, let most?): return "at most \(most)\(end)"
    case (let least, nil): return "at least \(least ?? 1)\(end)"
    }
  }

  static func holds(_ number: Int64, _ least: Int?, _ most: Int?, _ exactly: Int?) -> Bool {
    number >= Int64(least ?? 0) && number <= Int64(most ?? .max) && (exactly.map { Int64($0) == number } ?? true)
  }
}
