import DrillModel
import DrillTestSupport
import Foundation
import Glibc
import Selecting
import Testing

@testable import EnginePostgreSQLPhysical

@Suite("Base backups that are still being written") struct BackupInProgressTests {
  private let folder = TemporaryFolder()

  /// A finished backup of yesterday, and one that began ten hours ago and holds these files, all of one age.
  private func survey(_ files: [String], age: Int) throws -> Survey {
    let now = Timestamp(seconds: Int64(time(nil)))
    var artefacts: [Artefact] = []
    for (name, files) in [("base_20261121_020000", ["backup_label", "PG_VERSION", "global/pg_control"]), ("base_20261122_020000", files)] {
      let path = "\(folder.path)/\(name)"
      for file in [""] + files {
        let directory = file.isEmpty ? path : "\(path)/\((file as NSString).deletingLastPathComponent)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        if !file.isEmpty { try "x".write(toFile: "\(path)/\(file)", atomically: false, encoding: .utf8) }
      }
      let script = "find \"$1\" -exec touch -d \"@$2\" {} +"
      try HostProgram.run("/bin/sh", ["-ec", script, "sh", path, "\(Int(time(nil)) - age)"])
      artefacts.append(Artefact(location: path, name: name, kind: .directory, bytes: nil, modified: now - .seconds(36000)))
    }
    var rules = SelectionRules()
    rules.match = "base_%Y%m%d_%H%M%S"
    return BackupInProgress.setAside(try Selecting.survey(artefacts, rules: rules, now: now))
  }

  @Test(
    "one without its last file that grows is set aside, and says nothing of the one before it",
    arguments: [["backup_label", "base/1/1259", "pg_wal/000000010000000000000003"], ["PG_VERSION"], []])
  func growing(_ files: [String]) throws {
    let survey = try survey(files, age: 60)
    #expect(survey.candidates.map(\.id) == ["base_20261121_020000"])
    #expect(survey.rejected.map(\.isSettling) == [true] && survey.rejected[0].reason.contains("still being taken"))
  }

  @Test("one that was broken off stays what a restore would take, and fails") func brokenOff() throws {
    let survey = try survey(["backup_label", "base/1/1259"], age: 7200)
    #expect(survey.candidates.last?.id == "base_20261122_020000" && survey.rejected.isEmpty)
  }

  @Test("one that is whole is taken at once; one whose manifest is not named yet is not") func whole() throws {
    let files = ["backup_label", "PG_VERSION", "global/pg_control"]
    #expect(try survey(files + ["backup_manifest.tmp"], age: 1).candidates.count == 1)
    #expect(try survey(files + ["backup_manifest"], age: 1).candidates.count == 2)
  }

  @Test("one that has lost a file since it was finished is not being written") func damaged() throws {
    #expect(try survey(["backup_label", "PG_VERSION", "backup_manifest"], age: 1).candidates.last?.id == "base_20261122_020000")
  }
}
