import DrillModel
import DrillTestSupport
import EngineKit
import Glibc
import Selecting
import Testing

@testable import EnginePostgreSQLPhysical

@Suite("What a roll-forward needs, before a server starts") struct LogPlanTests {
  /// A backup of timeline 2 that began at 0/3000028.
  private func plan() throws -> LogPlan {
    let control = ControlData(
      "Database cluster state: in production\nBytes per WAL segment: 16777216\nLatest checkpoint's REDO location: 0/3000028\n"
        + "Latest checkpoint's TimeLineID: 2\n")
    let label = BackupLabel("START WAL LOCATION: 0/3000028 (file 000000020000000000000003)\nSTART TIMELINE: 2\n")
    return try LogPlan(LogPlan.Backup(data: "/nonexistent", control: control, label: label))
  }

  private func look(_ names: [String], folders: [String] = [], _ choice: TimelineChoice = .latest) async throws -> Fault? {
    let files = names.map { Artefact(location: "/wal/\($0)", name: $0, bytes: 1, modified: nil) }
    let others = folders.map { Artefact(location: "/wal/\($0)", name: $0, kind: .directory, bytes: nil, modified: nil) }
    var plan = try plan()
    do {
      try await plan.look(into: LogCatalogue(files + others, location: "directory /wal", from: plan.first, size: plan.size), choice) { _ in
        ""
      }
    } catch let fault as Fault { return fault }
    return nil
  }

  @Test("an archive that goes on with another timeline alone is not the backup's") func foreignTimeline() async throws {
    let fault = try await look(["000000010000000000000003", "000000010000000000000004"])
    #expect(fault?.code == .restoreFailed && fault?.message.contains("log of timeline 1") == true)
    #expect(try await look(["000000010000000000000003", "000000020000000000000003"]) == nil)
    // One that ends before the backup adds nothing to it, and says so by the recovery point's time.
    #expect(try await look(["000000010000000000000001", "000000010000000000000002"]) == nil)
  }

  @Test("an older timeline than the backup's cannot be followed, and no history file would help") func olderTimeline() async throws {
    let fault = try await look(["000000020000000000000003"], .number(1))
    #expect(fault?.code == .configuration && fault?.message.contains("older timeline 1") == true)
    #expect(try await look(["000000020000000000000003"], .number(2)) == nil)
  }

  @Test("segments in folders, which are not looked into, are what an empty archive is told of") func folders() async throws {
    let fault = try await look([], folders: ["0000000200000000"])
    #expect(fault?.code == .nothingToRestore && fault?.description.contains("1 folders") == true)
  }

  @Test("a tablespace of the backup's tablespace_map is put in its place, and one that did not come is missing") func tablespaces() throws {
    let folder = TemporaryFolder()
    _ = folder.file("tablespace_map", Array("16400 /srv/a space\n".utf8))
    let preparation = DataPreparation(data: folder.path, owner: nil, links: [:])
    let fault = #expect(throws: Fault.self) { try preparation.place(tablespaces: [:]) }
    #expect(fault?.code == .restoreFailed && fault?.message.contains("tablespace 16400") == true)
    try preparation.place(tablespaces: ["16400": "/nonexistent"])
    var status = stat()
    #expect(lstat("\(folder.path)/pg_tblspc/16400", &status) == 0)
    // What a tool has put there already is in its place.
    try preparation.place(tablespaces: [:])
  }
}
