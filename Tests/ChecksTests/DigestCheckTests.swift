import Checks
import DrillModel
import DrillTestSupport
import EngineKit
import Foundation
import Synchronization
import Testing

/// Tables at hand, with a digest each.
private struct ScriptedDigests: DigestProbe {
  var here = DigestOrigin(method: "mysql-rows-1", system: "mariadb", version: "10.11.19", significant: 2)
  var digests: [String: Result<TableDigest, ProbeError>] = [:]

  init(_ contents: [String: (rows: Int64, contents: String)]) {
    for (name, table) in contents {
      digests[name] = .success(TableDigest(rows: table.rows, columns: ["id", "note"], contents: table.contents))
    }
  }

  func origin(timeout: Duration) async throws -> DigestOrigin { here }
  func tables(timeout: Duration) async throws -> [String] { Array(digests.keys) }
  func digest(of table: String, timeout: Duration) async throws -> TableDigest {
    guard let digest = digests[table] else { throw ProbeError.missing("no table") }
    return try digest.get()
  }
}

private let hostile = "a b\n%<script>‮"
private let sample = ScriptedDigests(["orders": (100, "17"), "shop.customers": (3, "4"), hostile: (0, "0")])

private func finding(
  _ probe: ScriptedDigests, _ yaml: String = "", manifest: (String) -> String = { $0 }, named: String = "m.digests"
) async throws -> CheckFinding {
  let folder = try EngineScratch()
  let text = manifest(try await TableManifest.take(of: sample, timeout: .seconds(1)).text)
  let path = try folder.file(named, text.utf8)
  let check = try CheckBench.check("digest", "{manifest: '\(path.replacing(named, with: "m.digests"))'\(yaml)}")
  var subject = CheckBench.subject(Probes(digests: probe))
  subject.artefact = "dump.sql.gz"
  return await check.evaluate(subject)
}

@Suite("digest")
struct DigestCheckTests {
  @Test("equal contents pass, and every kind of difference is named")
  func differences() async throws {
    #expect(try await finding(sample).verdict == .passed)
    let changes: [(String, (inout ScriptedDigests) -> Void, String)] = [
      (
        "orders", { $0.digests["orders"] = .success(.init(rows: 100, columns: ["id", "note"], contents: "18")) },
        "other contents in as many"
      ),
      ("orders", { $0.digests["orders"] = .success(.init(rows: 99, columns: ["id", "note"], contents: "18")) }, "99 rows instead of 100"),
      ("orders", { $0.digests["orders"] = .success(.init(rows: 100, columns: ["id"], contents: "18")) }, "other columns"),
      ("shop.customers", { $0.digests["shop.customers"] = nil }, "missing"),
      ("extra", { $0.digests["extra"] = $0.digests["orders"] }, "not in the manifest"),
      ("orders", { $0.digests["orders"] = .failure(.damaged("a page")) }, "a page"),
    ]
    for (table, change, words) in changes {
      var probe = sample
      change(&probe)
      let found = try await finding(probe)
      #expect(found.verdict == .failed)
      #expect(found.found?.contains("\(table): ") == true && found.found?.contains(words) == true, "\(found.found ?? "")")
    }
  }

  @Test("digests of another version prove equality and never difference; rows are counted alike everywhere")
  func versions() async throws {
    let older: (String) -> String = { $0.replacing("10.11.19", with: "10.6.3") }
    #expect(try await finding(sample, manifest: older).verdict == .passed)
    #expect(try await finding(sample, manifest: { $0.replacing("10.11.19", with: "10.11.2") }).verdict == .passed)
    var changed = sample
    changed.digests["orders"] = .success(.init(rows: 100, columns: ["id", "note"], contents: "18"))
    let open = try await finding(changed, manifest: older)
    #expect(open.verdict == .couldNotVerify && open.found?.contains("mariadb 10.6.3") == true, "\(open.found ?? "")")
    #expect(try await finding(changed, manifest: { $0.replacing("mariadb", with: "mysql") }).verdict == .couldNotVerify)
    #expect(try await finding(changed, manifest: { $0.replacing("10.11.19", with: "10.11.2") }).verdict == .failed)
    changed.digests["orders"] = .success(.init(rows: 99, columns: ["id", "note"], contents: "18"))
    #expect(try await finding(changed, manifest: older).verdict == .failed)
    #expect(try await finding(sample, manifest: { $0.replacing("mysql-rows-1", with: "sqlite-rows-1") }).verdict == .couldNotVerify)
  }

  @Test(
    "a manifest that is cut, doubled, empty or none could not be verified",
    arguments: [
      ("end 3", "end 2"), ("end 3\n", ""), ("end 3\n", "end 3\nend 3\n"), ("drillmark-digests 1", "drillmark-keys 1"), ("100 ", "x "),
      ("mysql-rows-1 ", ""), ("4 shop.customers", "4 orders"),
    ])
  func broken(_ old: String, _ new: String) async throws {
    #expect(try await finding(sample, manifest: { $0.replacing(old, with: new) }).verdict == .couldNotVerify)
    #expect(try await finding(sample, named: "elsewhere").verdict == .couldNotVerify)
    #expect(
      try await finding(sample, manifest: { "\($0.split(separator: "\n")[..<2].joined(separator: "\n"))\nend 0\n" }).verdict
        == .couldNotVerify)
  }

  @Test("tables are chosen or left out by name, with or without their database")
  func selection() async throws {
    var changed = sample
    changed.digests["shop.customers"] = nil
    changed.digests["new"] = changed.digests["orders"]
    #expect(try await finding(changed, ", tables: [orders]").verdict == .passed)
    #expect(try await finding(changed, ", tables: [customers]").verdict == .failed)
    #expect(try await finding(changed, ", except: [customers]").verdict == .failed)
    changed.digests["new"] = nil
    #expect(try await finding(changed, ", except: [customers]").verdict == .passed)
    #expect(try await finding(changed, ", tables: [nothing]").verdict == .couldNotVerify)
  }

  @Test("a table without an answer leaves the others judged, and what was found counts")
  func unanswered() async throws {
    var probe = sample
    probe.digests["shop.customers"] = .failure(.timeout(.seconds(1)))
    #expect(try await finding(probe).verdict == .couldNotVerify)
    probe.digests["orders"] = .success(.init(rows: 1, columns: ["id", "note"], contents: "1"))
    let found = try await finding(probe)
    #expect(found.verdict == .failed && found.found?.contains("1 more could not be verified") == true)
  }

  @Test("each backup has a manifest of its own where the path holds its name")
  func artefact() async throws {
    let folder = try EngineScratch()
    let text = try await TableManifest.take(of: sample, timeout: .seconds(1)).text
    _ = try folder.file("dump.sql.gz.digests", text.utf8)
    let check = try CheckBench.check("digest", "'\(folder.path)/{artefact}.digests'")
    var subject = CheckBench.subject(Probes(digests: sample))
    subject.artefact = "dump.sql.gz"
    #expect(await check.evaluate(subject).verdict == .passed)
    for other in ["other.sql.gz", "..", nil] {
      subject.artefact = other
      #expect(await check.evaluate(subject).verdict == .couldNotVerify)
    }
  }

  @Test("a manifest of keys that was written is read, sorted and without doubles, whatever the keys hold")
  func keys() async throws {
    let folder = try EngineScratch()
    let store = ScriptedKeys(values: ["/a b\n%": "1", "/é": "2", "/\u{0}": "", "/z": "1"])
    let writer = KeyManifestWriter(tools: SampleMySQL.tools, directory: folder.path)
    let text = Mutex<[UInt8]>([])
    let count = try await writer.write(KeySelection(), of: store, timeout: .seconds(9)) { bytes in text.withLock { $0 += bytes } }
    #expect(count == 4)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.contains("keys") }.isEmpty)
    let path = try folder.file("k.keys", text.withLock { $0 })
    let check = try CheckBench.check("keys", "{manifest: '\(path)'}")
    #expect(await check.evaluate(CheckBench.subject(Probes(keys: store))).verdict == .passed)
    var changed = store
    changed.values["/z"] = "3"
    #expect(await check.evaluate(CheckBench.subject(Probes(keys: changed))).verdict == .failed)
  }
}
