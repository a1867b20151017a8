import Checks
import DrillModel
import DrillTestSupport
import EngineKit
import Foundation
import Manifests
import Testing
import ToolRunner

@Suite("schema")
struct SchemaCheckTests {
  private let lines = ["column t.a integer", "index i on t (a)", "table t"]

  private func verdict(_ found: [String], engine: String = "sqlite", reference: String? = nil) async throws -> CheckFinding {
    let scratch = try EngineScratch()
    let text = reference ?? SchemaReference(SchemaSnapshot(engine: "sqlite", lines: lines)).text
    let path = try scratch.file("s", text.utf8)
    let probe = ScriptedSchema(snapshot: SchemaSnapshot(engine: engine, lines: found))
    return try await CheckBench.check("schema", "{reference: \(path)}").evaluate(CheckBench.subject(Probes(schema: probe)))
  }

  @Test("the same schema passes, in any order")
  func same() async throws { #expect(try await verdict(lines.reversed()).verdict == .passed) }

  @Test("what is missing and what is more are named with their signs")
  func different() async throws {
    let finding = try await verdict(["column t.a text", "table t", "index i on t (a)"])
    #expect(finding.verdict == .failed)
    #expect(finding.found?.contains("- column t.a integer") == true)
    #expect(finding.found?.contains("+ column t.a text") == true)
  }

  @Test("a reference of another engine, or none, cannot be verified")
  func useless() async throws {
    #expect(try await verdict(lines, engine: "postgresql").verdict == .couldNotVerify)
    #expect(try await verdict(lines, reference: "hello").verdict == .couldNotVerify)
    let absent = try CheckBench.check("schema", "/nowhere/at/all")
    #expect(await absent.evaluate(CheckBench.subject(Probes())).verdict == .couldNotVerify)
  }

  @Test("a line with a line break comes back from the file as it was")
  func escapes() throws {
    let odd = SchemaReference(SchemaSnapshot(engine: "e", lines: ["a\\b\nc", "d\re"]))
    #expect(try SchemaReference(text: odd.text, name: "f") == odd)
  }
}

@Suite("engine")
struct EngineCheckTests {
  private func verdict(_ result: Result<DeepResult, ProbeError>) async throws -> CheckFinding {
    try await CheckBench.check("engine", "{level: full}").evaluate(CheckBench.subject(Probes(deep: ScriptedDeep(result: result))))
  }

  @Test("findings fail, none pass, no answer cannot be verified")
  func verdicts() async throws {
    #expect(try await verdict(.success(DeepResult(findings: [], scope: "3 tables"))).verdict == .passed)
    let bad = try await verdict(.success(DeepResult(findings: (0..<30).map { "finding \($0)" }, scope: "")))
    #expect(bad.verdict == .failed)
    #expect(bad.found?.contains("finding 0") == true && bad.found?.contains("20 more") == true)
    #expect(try await verdict(.failure(.unavailable("x"))).verdict == .couldNotVerify)
  }
}

@Suite("files")
struct FilesCheckTests {
  private let scratch: EngineScratch
  private let tree: String

  init() throws {
    scratch = try EngineScratch()
    tree = scratch.path + "/tree"
    let script =
      "mkdir -p tree/etc tree/data; echo a > tree/etc/app.conf; echo b > tree/data/b; ln -s b tree/data/link; chmod 600 tree/data/b; touch -d @1000 tree/etc/app.conf"
    try HostProgram.run("/bin/sh", ["-ec", script], directory: scratch.path)
  }

  private func manifest() throws -> String {
    var text: [UInt8] = []
    _ = try ManifestWriter(root: tree).write { text += $0 }
    return try scratch.file("manifest", text)
  }

  private func verdict(_ yaml: String, root: String? = nil, modes: [String: UInt32] = [:]) async throws -> CheckFinding {
    let probe = RestoredTree(root: root ?? tree, withheldModes: modes)
    return try await CheckBench.check("files", yaml).evaluate(CheckBench.subject(Probes(files: probe), timeout: .seconds(60)))
  }

  @Test("the tree itself passes, also when the archive held its directory")
  func same() async throws {
    let manifest = try manifest()
    #expect(try await verdict("{manifest: \(manifest)}").verdict == .passed)
    try HostProgram.run("/bin/sh", ["-ec", "mkdir outer; cp -a tree outer/app"], directory: scratch.path)
    let inner = try await verdict("{manifest: \(manifest)}", root: scratch.path + "/outer")
    #expect(inner.verdict == .passed)
    #expect(inner.found?.contains("in app") == true)
  }

  @Test(
    "every difference is named",
    arguments: [
      ("rm tree/data/b", "data/b: missing"), ("echo x > tree/data/new", "data/new: not in the manifest"),
      ("ln -s / tree/etc/evil", "etc/evil: not in"),
      ("echo c > tree/data/b", "data/b: other bytes"), ("echo longer > tree/data/b", "data/b: 7 bytes"),
      ("chmod 644 tree/data/b", "data/b: mode 644"),
      ("ln -sfn /etc tree/data/link", "data/link: points to /etc"),
      ("rm tree/data/b; mkdir tree/data/b", "data/b: a directory instead of a file"),
      ("touch -d @2000 tree/etc/app.conf", "etc/app.conf: modified at 1970-01-01 00:33:20"), ("rm -r tree/data", "data: missing"),
      ("chmod 4600 tree/data/b", "data/b: mode 4600"),
    ])
  func different(_ script: String, _ named: String) async throws {
    let manifest = try manifest()
    try HostProgram.run("/bin/sh", ["-ec", script], directory: scratch.path)
    let finding = try await verdict("{manifest: \(manifest)}")
    #expect(finding.verdict == .failed)
    #expect(finding.found?.contains(named) == true, "\(finding.found ?? "")")
  }

  @Test("what is allowed to differ may, and nothing else")
  func allowed() async throws {
    let manifest = try manifest()
    try HostProgram.run("/bin/sh", ["-ec", "touch tree/etc/app.conf; chmod 640 tree/data/b"], directory: scratch.path)
    #expect(try await verdict("{manifest: \(manifest), allow: [mtime]}").verdict == .failed)
    #expect(try await verdict("{manifest: \(manifest), allow: [mtime, mode]}").verdict == .passed)
  }

  @Test("a withheld set-id bit counts as the backup gave it")
  func withheld() async throws {
    try HostProgram.run("/bin/chmod", ["4755", tree + "/data/b"])
    let manifest = try manifest()
    try HostProgram.run("/bin/chmod", ["755", tree + "/data/b"])
    #expect(try await verdict("{manifest: \(manifest)}").verdict == .failed)
    #expect(try await verdict("{manifest: \(manifest)}", modes: ["data/b": 0o4755]).verdict == .passed)
  }

  @Test("a cut, unsorted or foreign manifest cannot be verified against")
  func brokenManifest() async throws {
    let whole = try Data(contentsOf: URL(fileURLWithPath: try manifest()))
    for bytes in [whole.prefix(whole.count - 3), whole.prefix(whole.count / 2), Data("hello\n".utf8), Data()] {
      let path = try scratch.file("broken", bytes)
      #expect(try await verdict("{manifest: \(path)}").verdict == .couldNotVerify)
    }
    #expect(try await verdict("{manifest: /nowhere}").verdict == .couldNotVerify)
  }

  @Test("the number of files and the ones that must be there")
  func counts() async throws {
    #expect(try await verdict("{min: 3}").verdict == .passed)
    #expect(try await verdict("{min: 4}").verdict == .failed)
    #expect(try await verdict("{required: [etc/app.conf, data]}").verdict == .passed)
    #expect(try await verdict("{required: [etc/app.conf, etc/none]}").found?.contains("etc/none: missing") == true)
    try HostProgram.run("/bin/ln", ["-s", "/etc", tree + "/out"])
    #expect(try await verdict("{required: [out/passwd]}").verdict == .failed)
  }

  @Test(
    "what leads outside or means nothing is refused",
    arguments: ["{}", "{required: [/etc/passwd]}", "{required: [../x]}", "{min: 1, allow: [mtime]}", "{manifest: m, allow: [colour]}"])
  func refused(_ yaml: String) {
    #expect(throws: CheckBench.Refused.self) { try CheckBench.check("files", yaml) }
  }
}

@Suite("command")
struct CommandCheckTests {
  /// Ends every program as told and remembers what was started.
  private struct Scripted: ToolRunning {
    var status: ToolExit.Status
    let seen: @Sendable (ToolCommand) -> Void

    func locate(_ name: String, in directories: [String], package: String?) throws -> String {
      guard name == "known" else { throw Fault(.toolMissing, "\(name) is not on the PATH") }
      return "/usr/bin/known"
    }
    func start(_ command: ToolCommand) throws -> any RunningTool {
      seen(command)
      return Ended(status: status)
    }
  }

  private struct Ended: RunningTool {
    let status: ToolExit.Status
    var pid: Int32 { 1 }
    func exit() async -> ToolExit { ToolExit(status: status, output: [], errors: [], elapsed: .zero) }
    func stop(as status: ToolExit.Status) {}
  }

  private func verdict(
    _ yaml: String, _ status: ToolExit.Status, seen: @escaping @Sendable (ToolCommand) -> Void = { _ in }
  ) async throws -> CheckVerdict {
    let tools = Scripted(status: status, seen: seen)
    return try await CheckBench.check("command", yaml).evaluate(CheckBench.subject(Probes(), tools: tools)).verdict
  }

  @Test("the exit status decides, and anything else cannot be verified")
  func statuses() async throws {
    #expect(try await verdict("[known]", .exited(0)) == .passed)
    #expect(try await verdict("[known]", .exited(3)) == .failed)
    #expect(try await verdict("[known]", .signalled(9)) == .couldNotVerify)
    #expect(try await verdict("[known]", .timedOut) == .couldNotVerify)
    #expect(try await verdict("[unknown]", .exited(0)) == .couldNotVerify)
  }

  @Test("a path is relative to the drill file, arguments stay as they are, and the drill's variables are there")
  func command() async throws {
    try await confirmation { started in
      _ = try await verdict("{run: [./smoke.sh, '$(id)', 'a b']}", .exited(0)) { command in
        #expect(command.executable == "/site/drills/smoke.sh")
        #expect(command.arguments == ["$(id)", "a b"])
        #expect(command.directory == "/site/drills")
        #expect(command.environment["DRILLMARK_RUN"] == "r")
        started()
      }
    }
  }

  @Test("it is no data check unless it says so")
  func data() throws {
    #expect(try !CheckBench.check("command", "[known]").looksAtData)
    #expect(try CheckBench.check("command", "{run: [known], data: true}").looksAtData)
  }
}
