import Digesting
import DrillModel
import DrillTestSupport
import EngineKit
import Testing

/// A store of keys at hand: `value` by key, of one database.
struct ScriptedKeys: KeyProbe {
  var values: [String: String] = [:]
  var lifetimes = KeyLifetimes(count: 0)
  var standsAt: Int64?
  var failure: ProbeError?
  /// Thrown only when values are asked for.
  var valueFailure: ProbeError?

  func count(_ keys: KeySelection, timeout: Duration) async throws -> Int64 {
    if let failure { throw failure }
    return Int64(values.keys.filter { key in keys.prefix.map { key.utf8.starts(with: $0) } ?? true }.count)
  }

  func digests(ofValues keys: [[UInt8]], database: Int?, timeout: Duration) async throws -> [[UInt8]?] {
    if let error = failure ?? valueFailure { throw error }
    return keys.map { values[String(decoding: $0, as: UTF8.self)].map { SHA256.digest(of: $0.utf8) } }
  }

  func lifetimes(_ keys: KeySelection, timeout: Duration) async throws -> KeyLifetimes { lifetimes }

  func walk(_ keys: KeySelection, timeout: Duration, _ receive: @escaping @Sendable ([KeyDigest]) throws -> Void) async throws {
    if let failure { throw failure }
    let pairs = values.map { KeyDigest(key: Array($0.utf8), digest: SHA256.digest(of: $1.utf8)) }
    // Twice, as a store may that moves keys meanwhile.
    for _ in 0..<2 { try receive(pairs) }
  }

  func revision(timeout: Duration) async throws -> Int64 {
    guard let standsAt else { throw ProbeError.invalid("this engine has no revision") }
    return standsAt
  }
}

private let sample = ScriptedKeys(values: ["/reg/a": "hello", "/reg/b c": "", "/x": "y"], standsAt: 16)
private let hello = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
private let nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

private func finding(_ yaml: String, _ probe: ScriptedKeys = sample) async throws -> CheckFinding {
  try await CheckBench.check("keys", yaml).evaluate(CheckBench.subject(Probes(keys: probe)))
}

@Suite("keys")
struct KeysCheckTests {
  @Test(
    "the number of keys is judged against its bounds, and an empty store never passes by itself",
    arguments: [
      ("{}", CheckVerdict.passed), ("{min: 3}", .passed), ("{min: 4}", .failed), ("{max: 2}", .failed), ("{equals: 3}", .passed),
      ("{prefix: /reg/, equals: 2}", .passed), ("{prefix: /reg/, equals: 3}", .failed), ("{prefix: /none/}", .failed),
      ("{prefix: /none/, equals: 0}", .passed), ("{prefix: /reg/, equals: 0}", .failed), ("{prefix: /none/, max: 5}", .passed),
      ("{prefix: '/reg/b%20'}", .passed),
    ])
  func bounds(_ yaml: String, _ wanted: CheckVerdict) async throws {
    #expect(try await finding(yaml).verdict == wanted)
    if yaml == "{}" { #expect(try await finding(yaml, ScriptedKeys()).verdict == .failed) }
  }

  @Test("values are compared by digest, and the record holds digests only")
  func values() async throws {
    let good = try await finding("{values: {/reg/a: \(hello), /reg/b%20c: 'sha256:\(nothing)'}}")
    #expect(good.verdict == .passed, "\(good.found ?? "")")
    let other = try await finding("{values: {/reg/a: \(nothing)}}")
    #expect(other.verdict == .failed)
    #expect(other.found?.contains("/reg/a: another value, sha256 \(hello)") == true)
    #expect(other.found?.contains("hello") == false)
    let gone = try await finding("{values: {/reg/gone: \(hello)}}")
    #expect(gone.found?.contains("/reg/gone: missing") == true)
  }

  @Test("keys that must be there and keys that must not are told apart")
  func presence() async throws {
    #expect(try await finding("{required: [/reg/a], absent: [/reg/z]}").verdict == .passed)
    #expect(try await finding("{required: [/reg/z]}").found?.contains("/reg/z: missing") == true)
    #expect(try await finding("{absent: [/reg/a]}").found?.contains("/reg/a: is there") == true)
  }

  @Test(
    "times to live are judged by the extremes, and no expiring key at all is a finding",
    arguments: [
      ("{min-ttl: 1m}", 1, CheckVerdict.passed), ("{min-ttl: 2m}", 1, .failed), ("{max-ttl: 1h}", 1, .passed),
      ("{max-ttl: 59m}", 1, .failed), ("{min-ttl: 1s, max-ttl: 2h}", 1, .passed), ("{min-ttl: 1s}", 0, .failed),
    ])
  func lifetimes(_ yaml: String, _ expiring: Int64, _ wanted: CheckVerdict) async throws {
    var probe = sample
    if expiring > 0 { probe.lifetimes = KeyLifetimes(count: 1, shortest: .seconds(60), longest: .seconds(3600)) }
    #expect(try await finding(yaml, probe).verdict == wanted)
  }

  @Test("a revision is judged, and a store without one cannot be verified")
  func revision() async throws {
    #expect(try await finding("{revision: {equals: 16}}").verdict == .passed)
    #expect(try await finding("{revision: {min: 10, max: 20}}").verdict == .passed)
    #expect(try await finding("{revision: {min: 17}}").verdict == .failed)
    #expect(try await finding("{revision: {min: 1}}", ScriptedKeys(values: ["a": "b"])).verdict == .couldNotVerify)
  }

  @Test("no answer cannot be verified, but what was wrong before it stays a finding")
  func unanswered() async throws {
    #expect(try await finding("{}", ScriptedKeys(failure: .unavailable("gone"))).verdict == .couldNotVerify)
    #expect(try await finding("{}", ScriptedKeys(failure: .timeout(.seconds(1)))).verdict == .couldNotVerify)
    #expect(try await finding("{}", ScriptedKeys(failure: .missing("no database 9"))).verdict == .failed)
    let both = try await finding("{min: 9, required: [/a]}", ScriptedKeys(values: ["/a": ""], valueFailure: .unavailable("gone")))
    #expect(both.verdict == .failed)
    #expect(both.found?.contains("could not be verified: gone") == true)
    let none = try CheckBench.check("keys", "{}")
    #expect(await none.evaluate(CheckBench.subject(Probes())).verdict == .couldNotVerify)
  }

  @Test(
    "what does not go together is refused",
    arguments: [
      "{min: 3, max: 2}", "{equals: 3, min: 2}", "{equals: 3, max: 4}", "{prefix: a, pattern: b}", "{prefix: 'a%zz'}", "{prefix: 'a%2f'}",
      "{values: {a: abc}}", "{values: {'a%': \(hello)}}", "{min-ttl: 2h, max-ttl: 1h}", "{expires: false, min-ttl: 1h}", "{revision: {}}",
      "{revision: {min: 3, max: 2}}", "{revision: {min: 3, equals: 3}}", "{database: -1}", "{required: ['']}",
    ])
  func refused(_ yaml: String) {
    #expect(throws: CheckBench.Refused.self) { try CheckBench.check("keys", yaml) }
  }

  @Test("what a check needs follows from what it asks, so that an engine without it is a misfit")
  func needs() throws {
    #expect(try CheckBench.check("keys", "{prefix: a}").needs == .keys)
    #expect(try CheckBench.check("keys", "{database: 1}").needs == [.keys, .keyDatabases])
    #expect(try CheckBench.check("keys", "{pattern: 'a*', type: hash}").needs == [.keys, .keyPatterns, .keyTypes])
    #expect(try CheckBench.check("keys", "{expires: true}").needs == [.keys, .keyLifetimes])
    #expect(try CheckBench.check("keys", "{max-ttl: 1h}").needs == [.keys, .keyLifetimes])
    #expect(try CheckBench.check("keys", "{revision: {min: 1}}").needs == [.keys, .keyRevisions])
  }
}

@Suite("keys against a manifest")
struct KeyManifestTests {
  private let scratch: EngineScratch
  private let right = "\(hello) /reg/a\n\(nothing) /reg/b%20c\n"

  init() throws { scratch = try EngineScratch() }

  private func verdict(_ text: String, _ yaml: String = "prefix: /reg/") async throws -> CheckFinding {
    let path = try scratch.file("keys", text.utf8)
    return try await finding("{\(yaml), manifest: \(path)}")
  }

  @Test("the same keys with the same values pass")
  func same() async throws {
    let same = try await verdict("drillmark-keys 1\n\(right)end 2\n")
    #expect(same.verdict == .passed, "\(same.found ?? "")")
  }

  @Test("a key less, a key more and another value fail")
  func different() async throws {
    let more = try await verdict("drillmark-keys 1\n\(hello) /reg/a\nend 1\n")
    #expect(more.verdict == .failed && more.found?.contains("2 keys, and the manifest holds 1") == true)
    let less = try await verdict("drillmark-keys 1\n\(right)\(nothing) /reg/z\nend 3\n")
    #expect(less.verdict == .failed && less.found?.contains("/reg/z: missing") == true)
    let other = try await verdict("drillmark-keys 1\n\(hello) /reg/a\n\(hello) /reg/b%20c\nend 2\n")
    #expect(other.verdict == .failed && other.found?.contains("/reg/b%20c: another value") == true)
  }

  @Test(
    "a manifest that is cut, unsorted, doubled, foreign or not there cannot be verified",
    arguments: [
      "", "hello\n", "drillmark-keys 1\n", "drillmark-keys 1\nR", "drillmark-keys 1\nRend 3\n", "drillmark-keys 1\nRend 2\nmore\n",
      "drillmark-keys 1\n\(nothing) /reg/b%20c\n\(hello) /reg/a\nend 2\n", "drillmark-keys 1\n\(hello) /reg/a\n\(hello) /reg/a\nend 2\n",
      "drillmark-keys 1\nabc /reg/a\nend 1\n", "drillmark-keys 1\n\(hello) /x%\nend 1\n", "drillmark-keys 1\n\(hello) /x\nend 1\n",
    ])
  func useless(_ text: String) async throws {
    let found = try await verdict(text.replacing("R", with: right))
    #expect(found.verdict == .couldNotVerify, "\(found.found ?? "")")
    #expect(try await finding("{manifest: /nowhere/at/all}").verdict == .couldNotVerify)
  }

  @Test("a manifest of thousands of keys is compared in batches, and thousands of differences are counted")
  func many() async throws {
    let names = (0..<3000).map { "k\($0)" }
    let probe = ScriptedKeys(values: Dictionary(uniqueKeysWithValues: names.map { ($0, $0) }))
    let lines = names.map { "\(Hexadecimal.encode(SHA256.digest(of: $0.utf8))) \($0)" }.sorted().joined(separator: "\n")
    let path = try scratch.file("keys", "drillmark-keys 1\n\(lines)\nend 3000\n".utf8)
    #expect(try await finding("{manifest: \(path)}", probe).verdict == .passed)
    let empty = try await finding("{equals: 0, manifest: \(path)}", ScriptedKeys())
    #expect(empty.verdict == .failed && empty.found?.contains("and 2981 more") == true)
  }
}
