import DrillModel
import DrillTestSupport
import EngineKit
import EngineMySQLPhysical
import Foundation
import Glibc
import Testing
import ToolRunner

@Suite("A physical backup of MariaDB", .serialized, .enabled(if: PhysicalSample.isInstalled, "\(PhysicalSample.absence)"))
struct PhysicalRestoreTests {
  @Test("is restored from its directory, its views work, its accounts are shut out, and nothing is left")
  func directory() async throws {
    let sample = try await PhysicalSample.shared()
    try await PhysicalDrive().run(sample.full) { restored in
      try await restored.expect("select count(*) from orders", "3000")
      try await restored.expect("select n from counted", "3000")
      try await restored.expect("select count(*) from aside", "3")
      try await restored.expect("select count(*) from old", "2")
      // A view whose definer is gone answered nobody in production either.
      let findings = try await restored.findings()
      #expect(findings == [])
      let lines = try await restored.probes.schema?.schema(timeout: .seconds(30)).lines ?? []
      #expect(lines.contains { $0.hasPrefix("event tick") }, "\(lines)")
    }
  }

  @Test("with incremental backups is restored as of the last of them")
  func chain() async throws {
    let sample = try await PhysicalSample.shared()
    var drive = try PhysicalDrive()
    drive.chain = sample.increments
    try await drive.run(sample.full) { restored in
      try await restored.expect("select count(*) from orders", "4990")
      try await restored.expect("select count(*) from later", "0")
      let findings = try await restored.findings()
      #expect(findings == [])
    }
  }

  @Test("is restored from streams")
  func streams() async throws {
    let sample = try await PhysicalSample.shared()
    var drive = try PhysicalDrive()
    drive.chain = Array(sample.streams.dropFirst())
    try await drive.run(sample.streams[0]) { restored in
      try await restored.expect("select count(*) from orders", "4990")
    }
  }

  @Test("is rolled forward to the end of its logs, temporary tables and loaded files included")
  func latest() async throws {
    let sample = try await PhysicalSample.shared()
    var drive = try PhysicalDrive()
    drive.logs = sample.logs
    try await drive.run(sample.full) { restored in
      try await restored.expect("select count(*) from orders", "4992")
      try await restored.expect("select count(*) from loaded", "3")
      #expect(restored.report.dataTime != nil)
    }
  }
}
