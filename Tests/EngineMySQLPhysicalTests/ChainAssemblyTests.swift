import DrillModel
import EngineMySQLPhysical
import Foundation
import Selecting
import Testing

@Suite("Full and incremental backups as recovery points")
struct ChainAssemblyTests {
  private let folder: String

  init() throws {
    folder = NSTemporaryDirectory() + "chain-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  /// Writes what a backup says of itself and gives its artefact.
  private func backup(
    _ name: String, from: Int, to: Int, last: Int, log: String = "bin.000002\t500", minute: Int = 0
  ) throws -> Artefact {
    let place = "\(folder)/\(name)"
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    let type = from == 0 ? "full-backuped" : "incremental"
    let files = [
      "xtrabackup_checkpoints": "backup_type = \(type)\nfrom_lsn = \(from)\nto_lsn = \(to)\nlast_lsn = \(last)\n",
      "xtrabackup_info":
        "tool_name = mariabackup\nserver_version = 10.11.6-MariaDB\nstart_time = 2026-11-01 03:0\(minute):00\nend_time = 2026-11-01 03:0\(minute):30\n",
      "xtrabackup_binlog_info": log + "\t0-7-5\n",
    ]
    for (file, text) in files { try Data(text.utf8).write(to: URL(fileURLWithPath: "\(place)/\(file)")) }
    return Artefact(
      location: place, name: name, kind: .directory, bytes: nil, modified: Timestamp(seconds: 1_793_000_000 + Int64(minute) * 60))
  }

  private func assemble(_ artefacts: [Artefact], match: String? = nil) async throws -> Survey {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var rules = SelectionRules()
    rules.match = match ?? "b-*"
    let survey = try survey(artefacts, rules: rules, now: Timestamp(seconds: 1_794_000_000))
    return try await MySQLPhysicalEngine().assemble(survey)
  }

  private func names(_ survey: Survey, _ id: String) -> [String]? {
    survey.candidates.first { $0.id == id }.map { [$0.artefact.name] + $0.chain.map(\.name) }
  }

  @Test("each belongs to what ends where it begins")
  func chain() async throws {
    let survey = try await assemble([
      backup("b-full", from: 0, to: 100, last: 120), backup("b-1", from: 100, to: 200, last: 220, minute: 1),
      backup("b-2", from: 200, to: 300, last: 320, minute: 2), backup("b-d", from: 100, to: 310, last: 330, minute: 3),
    ])
    #expect(names(survey, "b-2") == ["b-full", "b-1", "b-2"])
    #expect(names(survey, "b-d") == ["b-full", "b-d"])
    #expect(survey.rejected.isEmpty)
  }

  @Test("what continues something that is not there is rejected with all that follows it")
  func missing() async throws {
    let survey = try await assemble([
      backup("b-full", from: 0, to: 100, last: 120), backup("b-2", from: 200, to: 300, last: 320, minute: 2),
      backup("b-3", from: 300, to: 400, last: 420, minute: 3),
    ])
    #expect(survey.candidates.map(\.id) == ["b-full"])
    #expect(survey.rejected.map(\.artefact.name).sorted() == ["b-2", "b-3"])
    #expect(survey.rejected.allSatisfy { $0.reason.contains("LSN 200") })
  }

  @Test("what fits by its place and is of another server is rejected")
  func foreign() async throws {
    let survey = try await assemble([
      backup("b-full", from: 0, to: 100, last: 120), backup("b-1", from: 100, to: 200, last: 220, log: "other.000009\t700", minute: 1),
      backup("b-2", from: 100, to: 210, last: 230, log: "bin.000001\t700", minute: 2),
    ])
    #expect(survey.candidates.map(\.id) == ["b-full"])
    #expect(survey.rejected.count == 2)
  }

  @Test("a server at rest, whose backups all end at the same place, is no riddle")
  func rest() async throws {
    let survey = try await assemble([
      backup("b-full", from: 0, to: 100, last: 100), backup("b-1", from: 100, to: 100, last: 100, minute: 1),
      backup("b-2", from: 100, to: 100, last: 100, minute: 2),
    ])
    #expect(survey.candidates.count == 3 && survey.rejected.isEmpty)
    #expect(names(survey, "b-1")?.first == "b-full" && names(survey, "b-2")?.first == "b-full")
  }

  @Test("streams belong together by their names and order")
  func streams() async throws {
    func stream(_ name: String, _ minute: Int64) -> Artefact {
      Artefact(location: "s3://b/\(name)", name: name, bytes: 5, modified: Timestamp(seconds: 1_793_000_000 + minute * 60))
    }
    let survey = try await assemble(
      [stream("b-inc0.xb", 0), stream("b-full1.xb", 1), stream("b-inc1.xb", 2), stream("b-inc2.xb", 3), stream("b-full2.xb", 4)])
    #expect(names(survey, "b-inc2.xb") == ["b-full1.xb", "b-inc1.xb", "b-inc2.xb"])
    #expect(names(survey, "b-full2.xb") == ["b-full2.xb"])
    #expect(survey.rejected.map(\.artefact.name) == ["b-inc0.xb"])
  }
}
