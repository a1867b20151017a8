import Digesting
import DrillModel
import EngineKit
import Manifests
import ToolRunner

/// What a `keys` check has asked so far, and what of it was wrong.
struct KeyJudgement {
  let probe: any KeyProbe
  let timeout: Duration
  private var problems: [String] = []
  private var looked: [String] = []
  private var found: Int64 = 0

  /// Problems named in the record; the rest is counted.
  private static let shown = 20
  /// Keys asked for at once.
  private static let batch = 256

  init(probe: any KeyProbe, timeout: Duration) {
    self.probe = probe
    self.timeout = timeout
  }

  /// What was found is a finding even where a later question had no answer.
  func finding(_ end: CheckFinding) -> CheckFinding {
    if problems.isEmpty { return CheckFinding(end.verdict, expected: end.expected, found: end.found ?? looked.joined(separator: ", ")) }
    var lines = problems.prefix(Self.shown).joined(separator: "\n")
    if problems.count > Self.shown { lines += "\nand \(problems.count - Self.shown) more" }
    if let rest = end.found { lines += "\nthe rest could not be verified: \(rest)" }
    return CheckFinding(.failed, expected: end.expected, found: lines)
  }

  mutating func count(_ options: KeysCheck.Options) async throws {
    found = try await probe.count(options.selection, timeout: timeout)
    looked.append("\(found) keys")
    if !BoundText.holds(found, options.least, options.most, options.exactly) { problems.append("\(found) keys") }
  }

  mutating func lifetimes(_ options: KeysCheck.Options) async throws {
    guard options.shortest != nil || options.longest != nil else { return }
    let lifetimes = try await probe.lifetimes(options.selection, timeout: timeout)
    // Bounds over nothing would hold whatever was lost.
    guard let shortest = lifetimes.shortest, let longest = lifetimes.longest else {
      return problems.append("none of the keys expires")
    }
    looked.append("\(lifetimes.count) expire within \(shortest.readable) to \(longest.readable)")
    if let least = options.shortest, shortest < least { problems.append("a key expires within \(shortest.readable)") }
    if let most = options.longest, longest > most { problems.append("a key expires only in \(longest.readable)") }
  }

  mutating func presence(_ options: KeysCheck.Options) async throws {
    let wanted = options.required.map { ($0, true) } + options.absent.map { ($0, false) }
    for start in stride(from: 0, to: wanted.count, by: Self.batch) {
      let part = wanted[start..<min(start + Self.batch, wanted.count)]
      let digests = try await digests(of: part.map(\.0), options.selection.database)
      for ((key, isWanted), digest) in zip(part, digests) where (digest != nil) != isWanted {
        problems.append("\(Self.shown(key)): \(isWanted ? "missing" : "is there")")
      }
    }
    if !options.required.isEmpty { looked.append("\(options.required.count) required keys") }
    if !options.absent.isEmpty { looked.append("\(options.absent.count) keys not there") }
  }

  mutating func values(_ values: [KeysCheck.Value], database: Int?) async throws {
    for start in stride(from: 0, to: values.count, by: Self.batch) {
      try await compare(values[start..<min(start + Self.batch, values.count)], database)
    }
    if !values.isEmpty { looked.append("\(values.count) values compared") }
  }

  /// Every line must be there with its value, and there must be no more keys than lines; so neither side is held in memory.
  mutating func manifest(_ path: String, _ selection: KeySelection) async throws {
    let reader = try await onThread("key manifest") { try KeyManifestReader(path: path) }
    var lines: Int64 = 0
    while true {
      let values = try await onThread("key manifest") { try reader.next(Self.batch) }
      guard !values.isEmpty else { break }
      for value in values where !selection.mayHold(value.key) {
        throw Fault(
          .configuration, "\(path) holds the key \(Self.shown(value.key)), which is not\(selection.described)",
          advice: "Write the manifest of the keys that the check selects")
      }
      lines += Int64(values.count)
      try await compare(values[...], selection.database)
      try Task.checkCancellation()
    }
    looked.append("\(lines) values of the manifest compared")
    if found != lines { problems.append("\(found) keys, and the manifest holds \(lines)") }
  }

  mutating func revision(_ bounds: KeysCheck.Revision) async throws {
    let revision = try await probe.revision(timeout: timeout)
    looked.append("revision \(revision)")
    if !BoundText.holds(revision, bounds.least, bounds.most, bounds.exactly) { problems.append("revision \(revision)") }
  }

  private mutating func compare(_ values: ArraySlice<KeysCheck.Value>, _ database: Int?) async throws {
    for (value, digest) in zip(values, try await digests(of: values.map(\.key), database)) {
      guard let digest else {
        problems.append("\(Self.shown(value.key)): missing")
        continue
      }
      guard digest != value.digest else { continue }
      problems.append("\(Self.shown(value.key)): another value, sha256 \(Hexadecimal.encode(digest))")
    }
    // A manifest of millions of keys that are all gone must not fill the memory.
    if problems.count > 10_000 { throw ProbeError.damaged("more than 10000 keys differ; the comparison was ended") }
  }

  private func digests(of keys: [[UInt8]], _ database: Int?) async throws -> [[UInt8]?] {
    let digests = try await probe.digests(ofValues: keys, database: database, timeout: timeout)
    guard digests.count == keys.count else { throw ProbeError.unavailable("not every key was answered") }
    return digests
  }

  private static func shown(_ key: [UInt8]) -> Substring { Manifest.escaped(key).prefix(300) }
}

extension KeySelection {
  /// Whether a key of these bytes can be among the selected ones, as far as that can be told without the server.
  func mayHold(_ key: [UInt8]) -> Bool { prefix.map { key.starts(with: $0) } ?? true }
}
