import DrillModel
import Foundation
import Testing

@testable import DrillConfig

/// A directory of its own that goes away with the value.
private final class Folder {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("drillmark-config-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path + "/drills", withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ name: String, _ text: String) throws { try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)")) }

  func load(_ config: String?) -> LoadResult<SampleEngine, SampleSource, SampleCheck> {
    SiteLoader(vocabulary: sampleVocabulary, workingDirectory: path).load(config)
  }

  func messages(_ config: String? = nil) -> [String] { load(config).diagnostics.sorted.map(\.description) }
}

private func drill(_ name: String) -> String { smallDrill.replacing("drill: orders", with: "drill: \(name)") }

@Suite("A site on disk") struct SiteLoaderTests {
  @Test("gives its drills in the order of their files") func order() throws {
    let folder = try Folder()
    try folder.write("drillmark.yaml", "parallel: 3\n")
    for name in ["b.yaml", "a.yml", "c.yaml"] { try folder.write("drills/\(name)", drill(String(name.prefix(1)))) }
    for name in [".hidden.yaml", "notes.txt", "d.yaml~"] { try folder.write("drills/\(name)", "not: ours") }
    let result = folder.load(nil)
    #expect(result.diagnostics.all == [])
    #expect(result.drills.map(\.drill.name) == ["a", "b", "c"])
    #expect(result.drills.map(\.file.shown) == ["drills/a.yml", "drills/b.yaml", "drills/c.yaml"])
    #expect(result.site?.parallel == 3)
    #expect(result.site?.directory == folder.path)
    #expect(result.drills.first?.file.directory == folder.path + "/drills")
  }

  @Test("may be named as a file, a directory or with an absolute path, and needs no site file") func naming() throws {
    let folder = try Folder()
    try folder.write("drills/a.yaml", drill("a"))
    #expect(folder.load(nil).site == Site(directory: folder.path))
    #expect(folder.load(".").drills.count == 1)
    try folder.write("drillmark.yaml", "")
    for name in [folder.path, folder.path + "/drillmark.yaml", "drillmark.yaml", "./drillmark.yaml", "drills/../drillmark.yaml"] {
      let result = folder.load(name)
      #expect(result.drills.count == 1 && result.diagnostics.all == [], "\(name)")
    }
  }

  @Test(
    "a site file that cannot be read is one fault, and not one more for each drill's tier",
    arguments: ["tiers: {critical: {rpo: 1h\n", "tiers: [critical]\n", "- tiers\n", "parallel: many\ntiers:\n  critical: {rpo: 1h}\n"])
  func followOnNoise(_ site: String) throws {
    let folder = try Folder()
    try folder.write("drillmark.yaml", site)
    for name in ["a", "b"] { try folder.write("drills/\(name).yaml", drill(name) + "tier: critical\n") }
    let messages = folder.messages()
    #expect(!messages.isEmpty && messages.allSatisfy { $0.hasPrefix("drillmark.yaml:") }, "\(messages)")
  }

  @Test("a tier that a readable site file does not declare is a fault of each drill", arguments: ["", "tiers: {gold: {rpo: 1h}}\n"])
  func unknownTier(_ site: String) throws {
    let folder = try Folder()
    try folder.write("drillmark.yaml", site)
    for name in ["a", "b"] { try folder.write("drills/\(name).yaml", drill(name) + "tier: critical\n") }
    #expect(folder.messages().count { $0.contains("there is no tier") } == 2)
  }

  @Test("keeps the valid drills when another file is wrong") func validOnes() throws {
    let folder = try Folder()
    try folder.write("drills/bad.yaml", "drill: [\n")
    try folder.write("drills/good.yaml", drill("good"))
    let result = folder.load(nil)
    #expect(result.drills.map(\.drill.name) == ["good"])
    #expect(result.diagnostics.all.map(\.file) == ["drills/bad.yaml"])
  }

  @Test("has no site when its file is wrong, and the drills are still judged") func wrongSite() throws {
    let folder = try Folder()
    try folder.write("drillmark.yaml", "parallel: many\ntiers: {gold: {rpo: 1x}}\n")
    try folder.write("drills/a.yaml", drill("a") + "tier: gold\n")
    try folder.write("drills/b.yaml", drill("b") + "tier: lead\n")
    let result = folder.load(nil)
    #expect(result.site == nil)
    #expect(result.diagnostics.all.map { "\($0.file):\($0.line)" } == ["drillmark.yaml:1", "drillmark.yaml:2", "drills/b.yaml:6"])
  }

  @Test("refuses a drill name that two files share, at both places") func sharedName() throws {
    let folder = try Folder()
    for name in ["a", "b"] { try folder.write("drills/\(name).yaml", drill("same")) }
    #expect(folder.load(nil).drills.isEmpty)
    #expect(
      folder.messages() == [
        "drills/a.yaml:1:8: the drill \"same\" is also declared in drills/b.yaml:1",
        "drills/b.yaml:1:8: the drill \"same\" is also declared in drills/a.yaml:1",
      ])
  }

  @Test("says which file cannot be read, and why") func unreadable() throws {
    let folder = try Folder()
    try FileManager.default.createSymbolicLink(atPath: folder.path + "/drills/loop.yaml", withDestinationPath: "loop.yaml")
    try FileManager.default.createSymbolicLink(atPath: folder.path + "/drills/gone.yaml", withDestinationPath: "nothing.yaml")
    try FileManager.default.createDirectory(atPath: folder.path + "/drills/folder.yaml", withIntermediateDirectories: true)
    #expect(mkfifo(folder.path + "/drills/pipe.yaml", 0o600) == 0)
    try folder.write("drills/large.yaml", String(repeating: "# large\n", count: 200_000))
    #expect(
      Set(folder.messages()) == [
        "drills/loop.yaml: symbolic links that lead in a circle", "drills/gone.yaml: there is no such file",
        "drills/folder.yaml: this is not a file but a directory", "drills/pipe.yaml: this is not a file but a FIFO",
        "drills/large.yaml: the file is larger than 1 MiB, the limit for files of this kind",
      ])
  }

  @Test("that is not there is an error that says how to make one") func missing() throws {
    let folder = try Folder()
    try FileManager.default.removeItem(atPath: folder.path + "/drills")
    let hint = "drillmark init makes a site to start from; --config names one that is elsewhere"
    #expect(folder.messages() == [".: there is neither a drillmark.yaml nor a directory drills here; \(hint)"])
    #expect(folder.messages("other.yaml") == ["other.yaml: there is no such file; \(hint)"])
    #expect(folder.load(nil).site == nil)
  }

  @Test("one drill file is validated with the site it belongs to") func validating() throws {
    let folder = try Folder()
    try folder.write("drillmark.yaml", "tiers: {gold: {rpo: 1h}}\n")
    try folder.write("drills/a.yaml", drill("a") + "tier: gold\n")
    try folder.write("drills/b.yaml", "nonsense\n")
    let loader = SiteLoader(vocabulary: sampleVocabulary, workingDirectory: folder.path)
    let one = loader.load(validating: "drills/a.yaml")
    #expect(one.drills.map(\.drill.objectives.rpo) == [.seconds(3600)])
    #expect(one.diagnostics.all == [])
    #expect(loader.load(validating: "drills/b.yaml").diagnostics.all.map(\.file) == ["drills/b.yaml"])
    #expect(loader.load(validating: ".").diagnostics.all.count == 1)
    #expect(loader.load(validating: "drillmark.yaml").drills.count == 1)
  }

  @Test("warns when everybody may read a secret's file") func openSecret() throws {
    let folder = try Folder()
    try folder.write("drills/pw", "x")
    try folder.write("drills/a.yaml", smallDrill.replacing("postgresql}", with: "postgresql, password: {file: pw}}"))
    #expect(chmod(folder.path + "/drills/pw", 0o644) == 0)
    #expect(folder.messages() == ["drills/a.yaml:3:48: warning: everybody on this machine may read the secret in this file"])
    #expect(folder.load(nil).drills.first?.engine.password == .file(folder.path + "/drills/pw"))
    #expect(chmod(folder.path + "/drills/pw", 0o640) == 0)
    #expect(folder.messages() == [])
  }
}
