import DrillModel
import DrillTestSupport
import EngineKit
import EnginePostgreSQLPhysical
import Foundation
import Glibc
import Selecting
import Testing
import ToolRunner

@Suite("Sabotaged repositories", .serialized, .enabled(if: SampleRepositories.isPossible, "\(SampleRepositories.absence)"))
struct SabotagedRepositoryTests {
  /// Writes over the middle of a file.
  private static let flip =
    "flip() { printf 'XXXXXXXX' | dd of=\"$1\" bs=1 seek=$(( $(stat -c %s \"$1\") / 2 )) conv=notrunc status=none; }\n"
  /// The segments of the archive, oldest first.
  private static let segments =
    "segments=($(find repo* home -path '*00000001*' -type f 2>/dev/null | grep -E '/[0-9A-F]{24}(-[^/]*)?$' | sort)); n=${#segments[@]}\n"

  @Test("a file of the repository that was changed fails the restore") func flipped() async throws {
    let script = SabotagedRepositoryTests.flip + "flip $(find repo1/backup/main/*F/pg_data/base -size +2k -name '*.zst' | sort | head -1)"
    let fault = try await ToolBench(.pgBackRest, script).fault()
    #expect(fault?.code == .backupDamaged, "\(String(describing: fault))")
  }

  @Test("a full backup that was deleted below an incremental one fails, and not as our side's fault") func deletedFull() async throws {
    let fault = try await ToolBench(.pgBackRest, "rm -rf repo1/backup/main/*F").fault()
    #expect(fault?.code == .restoreFailed && fault?.message.contains("missing") == true, "\(String(describing: fault))")
  }

  @Test("a hole in the log is told before the server starts") func hole() async throws {
    let fault = try await ToolBench(.pgBackRest, SabotagedRepositoryTests.segments + "rm ${segments[n-2]}").fault()
    #expect(fault?.code == .restoreFailed && fault?.message.contains("has a hole") == true, "\(String(describing: fault))")
  }

  @Test("a missing last segment leaves no trace but the older recovery point") func missingLast() async throws {
    let cut = try await ToolBench(.pgBackRest, SabotagedRepositoryTests.segments + "rm ${segments[n-1]}").restore()
    let newest = try await cut.ask("select to_char(max(at) at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') from t")
    let row = try #require(newest.flatMap { Timestamp(rfc3339: $0) })
    let point = try #require(cut.report.dataTime)
    #expect(point >= row && point - row < .seconds(1))
    #expect(try await cut.rows() == "2001 3001 4001")
  }

  @Test("a segment that was changed fails as damage, with either tool", arguments: [ToolBench.Tool.pgBackRest, .barman])
  func flippedSegment(_ tool: ToolBench.Tool) async throws {
    let script = SabotagedRepositoryTests.flip + SabotagedRepositoryTests.segments + "flip ${segments[n-2]}"
    let fault = try await ToolBench(tool, script).fault()
    #expect(fault?.code == .backupDamaged, "\(String(describing: fault))")
  }

  @Test("a stanza that lost its catalogue is told") func lostCatalogue() async throws {
    let lost = await ToolBench.surveyFault(try await ToolBench(.pgBackRest, "rm repo1/backup/main/backup.info*"))
    #expect(lost?.code == .nothingToRestore, "\(String(describing: lost))")
  }

  @Test("a wrong stanza, a foreign repository and one that is not there are each told") func wrongPlaces() async throws {
    let stanza = await ToolBench.surveyFault(try await ToolBench(.pgBackRest), owner: "mian")
    #expect(stanza?.code == .nothingToRestore && stanza?.message.contains("it holds main") == true, "\(String(describing: stanza))")
    let gone = await ToolBench.surveyFault(try await ToolBench(.pgBackRest, "mv repo1 elsewhere"))
    #expect(gone?.code == .sourceUnreachable, "\(String(describing: gone))")
    let empty = await ToolBench.surveyFault(try await ToolBench(.pgBackRest, "rm -rf repo1/*"))
    #expect(empty?.code == .nothingToRestore, "\(String(describing: empty))")
    let server = await ToolBench.surveyFault(try await ToolBench(.barman), owner: "other")
    #expect(server?.code == .configuration && server?.message.contains("it has srv") == true, "\(String(describing: server))")
    let home = await ToolBench.surveyFault(try await ToolBench(.barman, "mv home elsewhere"))
    #expect(home?.code == .sourceUnreachable, "\(String(describing: home))")
  }

  @Test("a wrong pass phrase is ours to correct, and shown nowhere") func wrongPassPhrase() async throws {
    let bench = try await ToolBench(
      .pgBackRest, repository: 2, "sed -i 's/^repo2-cipher-pass=.*/repo2-cipher-pass=hunter2hunter2/' pgbackrest.conf")
    let fault = await ToolBench.surveyFault(bench)
    #expect(fault?.code == .credentials && fault?.description.contains("hunter2") == false, "\(String(describing: fault))")
  }

  @Test("a configuration that is not there, or a repository that is closed, is told as such") func closed() async throws {
    let none = await ToolBench.surveyFault(try await ToolBench(.pgBackRest, "rm pgbackrest.conf"))
    #expect(none?.code == .configuration && none?.description.contains("config: PATH") == true)
    let host = await ToolBench.surveyFault(try await ToolBench(.pgBackRest, "sed -i '/^\\[global\\]/a repo1-host=backup' pgbackrest.conf"))
    #expect(host?.code == .configuration && host?.message.contains("another host") == true)
    let shut = await ToolBench.surveyFault(try await ToolBench(.pgBackRest, "chmod 000 repo1/backup"))
    #expect(shut?.code == .permissionDenied, "\(String(describing: shut))")
  }

  @Test("backups of Barman that failed or are under way are rejected with their states") func states() async throws {
    let script = """
      id=$(ls home/srv/base)
      for s in FAILED STARTED WAITING_FOR_WALS; do
        cp -a home/srv/base/$id home/srv/base/20210101T00000${#s}
        sed -i "s/^status=.*/status=$s/" home/srv/base/20210101T00000${#s}/backup.info
        [ $s = WAITING_FOR_WALS ] || sed -i "s/^end_time=.*/end_time=None/" home/srv/base/20210101T00000${#s}/backup.info
      done
      """
    let survey = try await ToolBench(.barman, script.replacing("00000${#s}", with: "0000$(printf %02d ${#s})")).survey()
    #expect(survey.candidates.count == 1 && survey.rejected.count == 3)
    for word in ["FAILED", "STARTED", "WAITING_FOR_WALS"] { #expect(survey.rejected.contains { $0.reason.contains(word) }, "\(word)") }
  }

  @Test("a data file that was changed in Barman's home fails by the manifest") func barmanFiles() async throws {
    let script = SabotagedRepositoryTests.flip + "flip $(find home/srv/base/*/data/base -size +8k -type f | sort | head -1)"
    let changed = try await ToolBench(.barman, script).fault()
    #expect(changed?.code == .backupDamaged && changed?.message.contains("manifest") == true, "\(String(describing: changed))")
  }

  @Test("a target before the backup's end, or behind the log's, is told") func targets() async throws {
    let early = try await ToolBench(.pgBackRest).fault(.time(try #require(Timestamp(rfc3339: "2020-01-01T00:00:00Z"))))
    #expect(early?.code == .configuration && early?.message.contains("earlier than the end") == true, "\(String(describing: early))")
    let late = try await ToolBench(.pgBackRest).fault(.name("no_such_point"))
    #expect(late?.code == .restoreFailed && late?.message.contains("never reached") == true, "\(String(describing: late))")
  }

  @Test("a tool that is killed is our side's fault") func killedTool() async throws {
    for program in ["pgbackrest", "barman"] {
      let tools = KillingTools(program)
      let fault = try await ToolBench(program == "barman" ? .barman : .pgBackRest).fault(tools: tools)
      #expect(fault?.code == .toolFailed && fault?.message.contains("killed by signal 9") == true, "\(String(describing: fault))")
    }
  }

  @Test("a machine without the tool names its package") func missingTool() async throws {
    for (tool, package) in [(ToolBench.Tool.pgBackRest, "pgbackrest"), (.barman, "barman")] {
      let fault = await ToolBench.surveyFault(try await ToolBench(tool), tools: NoPrograms())
      #expect(fault?.code == .toolMissing, "\(package): \(String(describing: fault))")
    }
  }
}

/// Kills a restoring tool as soon as it has started.
private struct KillingTools: ToolRunning {
  let program: String

  init(_ program: String) { self.program = program }

  func locate(_ name: String, in directories: [String], package: String?) throws -> String {
    try ToolBench.tools.locate(name, in: directories, package: package)
  }

  func start(_ command: ToolCommand) throws -> any RunningTool {
    let tool = try ToolBench.tools.start(command)
    if command.executable.hasSuffix("/\(program)"), command.arguments.contains(where: { $0 == "restore" || $0 == "recover" }) {
      kill(tool.pid, SIGKILL)
    }
    return tool
  }
}
