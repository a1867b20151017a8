import AWSClient
import DrillConfig
import DrillModel
import Drilling
import EngineKit
import Foundation
import Registry
import Testing

@Suite("The registry, the table of codes and the documentation agree")
struct RegistryTests {
  private static let vocabulary = StandardRegistry(
    aws: AWSConnections(host: AWSHost(environment: [:], clocks: SystemClocks()))
  ).vocabulary

  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  private func text(_ path: String) throws -> String {
    try String(contentsOf: RegistryTests.root.appendingPathComponent(path), encoding: .utf8)
  }

  @Test("every engine has its page, its folder and a line in the README")
  func engines() throws {
    let readme = try text("README.md")
    let folders = try FileManager.default.contentsOfDirectory(atPath: RegistryTests.root.appendingPathComponent("Sources/Engines").path)
    let engines = RegistryTests.vocabulary.engines
    #expect(Set(engines.map { RegistryTests.folder(of: $0.name) }) == Set(folders.map { $0.lowercased() }))
    for engine in engines {
      #expect(try text("docs/engines/\(engine.name).md").count > 500, "\(engine.name)")
      #expect(readme.contains("| `\(engine.name)` |"), "\(engine.name)")
    }
  }

  /// Some engines go by several names.
  private static func folder(of engine: String) -> String {
    (["mariadb": "mysql"][engine] ?? engine).replacing("-", with: "")
  }

  @Test("every check has its part of the page", arguments: RegistryTests.vocabulary.checks.map(\.name))
  func checks(_ name: String) throws {
    #expect(try text("docs/checks.md").contains("`\(name)`"))
  }

  @Test("every code has its row", arguments: FaultCode.allCases)
  func codes(_ code: FaultCode) throws {
    #expect(try text("docs/errors.md").contains("| `\(code.rawValue)` |"))
  }
}
