import DrillModel
import EngineKit
import Selecting
import Testing
import ToolRunner

/// What a test of the contract needs from one kind of source: a place of its own, filled as asked.
protocol SourceFixture {
  /// Puts a file there with these bytes; `name` may hold `/`.
  func put(_ name: String, _ bytes: [UInt8]) throws
  /// Whether this store can hold a file of that name at all.
  func takes(_ name: String) -> Bool
  /// Takes it away again.
  func remove(_ name: String) throws
  /// Takes the whole place away.
  func removePlace() throws
  /// The source over that place, looking as deep as the pattern says.
  func source(match: String?) throws -> any BackupSource
}

extension SourceFixture {
  func takes(_ name: String) -> Bool { true }
}

/// What every source must do, whatever lies behind it. A source's tests call each of these with a fixture of their own.
enum SourceContract {
  static func emptyPlaceIsAnEmptyList(_ fixture: some SourceFixture) async throws {
    #expect(try await fixture.source(match: nil).artefacts().isEmpty)
  }

  static func missingPlaceIsUnreachable(_ fixture: some SourceFixture) async throws {
    let source = try fixture.source(match: nil)
    try fixture.removePlace()
    let fault = await #expect(throws: Fault.self) { try await source.artefacts() }
    #expect(fault?.code == .sourceUnreachable && fault?.advice != nil)
    #expect(fault?.code.verdict == .cannotDrill)
  }

  static func listsEverything(_ fixture: some SourceFixture) async throws {
    try fixture.put("a.gz", [1, 2, 3])
    try fixture.put("a.gz.part", [1])
    try fixture.put("empty", [])
    let listed = try await fixture.source(match: nil).artefacts()
    #expect(Dictionary(uniqueKeysWithValues: listed.map { ($0.name, $0.bytes) }) == ["a.gz": 3, "a.gz.part": 1, "empty": 0])
    #expect(listed.allSatisfy { $0.kind == .file && $0.modified != nil && $0.location.hasSuffix($0.name) })
  }

  static func listingMayBeRepeated(_ fixture: some SourceFixture) async throws {
    try fixture.put("a", [1])
    let source = try fixture.source(match: nil)
    let first = try await source.artefacts()
    #expect(try await source.artefacts() == first)
    try fixture.put("b", [1])
    #expect(try await source.artefacts().count == 2)
  }

  static func hostileNamesAreTakenAsTheyAre(_ fixture: some SourceFixture) async throws {
    let names = ["'; DROP TABLE x", "<script>", "a\nb", "-rf", "$(id)", "\u{202E}zg", "%Y%m%d", "ä ö", String(repeating: "n", count: 200)]
      .filter(fixture.takes)
    for name in names { try fixture.put(name, Array(name.utf8)) }
    let source = try fixture.source(match: nil)
    let listed = try await source.artefacts()
    #expect(Set(listed.map(\.name)) == Set(names))
    for artefact in listed { #expect(try await bytes(source.open(artefact)) == Array(artefact.name.utf8)) }
  }

  static func openingMayBeRepeated(_ fixture: some SourceFixture) async throws {
    try fixture.put("a", [1, 2, 3])
    let source = try fixture.source(match: nil)
    let artefact = try #require(try await source.artefacts().first)
    for _ in 0..<2 { #expect(try await bytes(source.open(artefact)) == [1, 2, 3]) }
  }

  static func whatVanishedIsToldToBeGone(_ fixture: some SourceFixture) async throws {
    try fixture.put("a", [1])
    let source = try fixture.source(match: nil)
    let artefact = try #require(try await source.artefacts().first)
    try fixture.remove("a")
    let fault = await #expect(throws: Fault.self) { try await source.open(artefact) }
    #expect(fault?.isTransient == true && fault?.code == .sourceUnreachable)
  }

  static func namesThatLeadOutAreRefused(_ fixture: some SourceFixture) async throws {
    try fixture.put("a", [1])
    let source = try fixture.source(match: nil)
    for name in ["../a", "x/../../a", "", ".", "/etc/passwd", "a/"] {
      let artefact = Artefact(location: name, name: name, bytes: 1, modified: nil)
      await #expect(throws: Fault.self, "\(name)") { try await source.open(artefact) }
    }
  }

  /// All bytes of an opened file or stream.
  static func bytes(_ opened: OpenedArtefact) async throws -> [UInt8] {
    switch opened {
    case .file(let descriptor, _, let count):
      let all = readAll(descriptor)
      #expect(Int64(all.count) == count)
      return all
    case .stream(let stream):
      let all = readAll(stream.descriptor)
      _ = try await stream.feed?.finish()
      return all
    case .directory, .handle: return []
    }
  }
}
