import DrillModel
import DrillTestSupport
import EngineKit
import EnginePostgreSQLPhysical
import Foundation
import RepositoryKit
import Selecting
import Testing

@Suite("Repositories that are good", .serialized, .enabled(if: SampleRepositories.isPossible, "\(SampleRepositories.absence)"))
struct GoodRepositoryTests {
  @Test(
    "pgBackRest restores an incremental backup, and its archive rolls it forward to the last transaction; the repository stays as it is")
  func pgBackRest() async throws {
    let bench = try await ToolBench(.pgBackRest)
    let before = try bench.fingerprint()
    let restored = try await bench.restore()
    let report = restored.report
    let newest = try await restored.ask("select to_char(max(at) at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') from t")
    #expect(try await restored.rows() == "2001 3001 4001 5001")
    let row = try #require(newest.flatMap { Timestamp(rfc3339: $0) })
    #expect(try #require(report.dataTime) >= row)
    #expect(report.notes.contains { $0.contains("compared every file with its checksum") })
    #expect(report.notes.contains { $0.contains("no digest of the backup's bytes") })
    let places = report.artefacts.map(\.location)
    #expect(places.contains { $0.contains("F: backup.manifest") || $0.contains("I: backup.manifest") })
    #expect(places.contains { $0.hasSuffix("F") } && places.contains { $0.contains("files") && $0.contains("the archive of stanza main") })
    #expect(report.artefacts.first { $0.location.contains("manifest") }?.sha256?.count == 64)
    #expect(try bench.fingerprint() == before)
  }

  @Test("an encrypted repository restores, and its pass phrase is in no file that stays and in no argument") func encrypted() async throws {
    let bench = try await ToolBench(.pgBackRest, repository: 2)
    let restored = try await bench.restore()
    #expect(try await restored.rows() == "2001 3001 4001 5001")
    #expect(restored.report.notes.allSatisfy { !$0.contains(SampleRepositories.passPhrase) })
    #expect(restored.report.artefacts.contains { $0.location.hasSuffix("backup.manifest") && $0.sha256 != nil })
  }

  @Test("Barman restores a backup, its manifest is compared, and its archive rolls it forward; its home stays as it is")
  func barman() async throws {
    let bench = try await ToolBench(.barman)
    let before = try bench.fingerprint()
    let restored = try await bench.restore()
    #expect(restored.report.dataTime != nil)
    #expect(
      restored.report.notes.contains { $0.hasPrefix("Barman 3") } && !restored.report.notes.contains { $0.contains("no backup_manifest") })
    #expect(restored.report.artefacts.contains { $0.location.hasSuffix("backup.info") && $0.sha256?.count == 64 })
    #expect(try await restored.rows() == "2001 3001 4001 5001")
    #expect(try bench.fingerprint() == before)
    #expect(!FileManager.default.fileExists(atPath: "\(bench.scratch.path)/hook"))
  }

  @Test("a target is met on both sides, with either tool") func targets() async throws {
    let sample = try await SampleRepositories.shared.value
    #expect(try await ToolBench(.pgBackRest).restore(.position(sample.position)).rows() == "2001 3001")
    #expect(try await ToolBench(.barman).restore(.name("before_loss")).rows() == "2001 3001")
  }

  @Test("a backup is chosen by its label, and by the time to recover to") func chosen() async throws {
    let full = try await ToolBench(.pgBackRest)
    let labels = try await full.survey().candidates.map(\.id)
    #expect(labels.count == 2 && labels[0].hasSuffix("F") && labels[1].hasSuffix("I"))
    #expect(try await full.restore(.immediate, labels[0]).rows() == nil)
    let sample = try await SampleRepositories.shared.value
    let moment = try #require(Timestamp(rfc3339: sample.moment))
    #expect(try await ToolBench(.pgBackRest).restore(nil, "*F", at: moment).rows() == "2001 3001")
  }

  @Test("the catalogue's times are the ends of backups, and its bytes what a backup added") func catalogue() async throws {
    let survey = try await ToolBench(.pgBackRest).survey()
    let now = HostClocks().now()
    for one in survey.candidates {
      let time = try #require(one.time)
      #expect(one.origin == .metadata && now - time < .seconds(3600) && (one.bytes ?? 0) > 1000)
    }
    let barman = try await ToolBench(.barman).survey()
    let time = try #require(barman.candidates.first?.time)
    #expect(barman.candidates.count == 1 && now - time < .seconds(3600) && now - time > .zero)
  }

  @Test("repositories together list the backups of each, told apart") func several() async throws {
    let bench = try await ToolBench(.pgBackRest, repository: nil, "cp -a \(try await SampleRepositories.shared.value.folder.path)/repo2 .")
    let survey = try await bench.survey()
    #expect(survey.candidates.count == 3)
    #expect(Set(survey.candidates.map(\.artefact.location)).count == 3)
    #expect(survey.candidates.filter { $0.artefact.location.hasSuffix("in repository 2") }.count == 1)
    #expect(try await bench.restore(.immediate).rows() == "2001")
  }
}
