import DrillModel
import DrillTestSupport
import EngineKit
import EngineMySQLPhysical
import Foundation
import MySQLReplay
import Testing

@Suite(
  "A roll-forward with binary logs", .serialized, .enabled(if: PhysicalSample.isInstalled, "\(PhysicalSample.absence)"))
struct PhysicalTargetTests {
  private func drive(_ sample: PhysicalSample, _ target: ReplayTarget) throws -> PhysicalDrive {
    var drive = try PhysicalDrive()
    drive.options.target = target
    drive.logs = sample.logs
    return drive
  }

  private func position(_ text: String) throws -> BinaryLogPosition { try #require(BinaryLogPosition(text)) }

  @Test("ends between two rows, of which one must be there and the other must not: by time, position and transaction")
  func middle() async throws {
    let sample = try await PhysicalSample.shared()
    let time = try #require(Timestamp(rfc3339: try sample.mark("middle-time")))
    let targets: [ReplayTarget] = [
      .time(time), .position(try position(try sample.mark("middle-position"))), .transaction(try sample.mark("middle-gtid")),
    ]
    for target in targets {
      try await drive(sample, target).run(sample.full) { restored in
        try await restored.expect("select count(*) from orders where id = 9001", "1")
        try await restored.expect("select count(*) from orders where id = 9002", "0")
        let vouched = try #require(restored.report.dataTime)
        #expect(vouched <= time && vouched > time - .seconds(60))
      }
    }
  }

  @Test("that cannot end where it should is told")
  func unreachable() async throws {
    let sample = try await PhysicalSample.shared()
    let cases: [(ReplayTarget, FaultCode)] = [
      (.time(try #require(Timestamp(rfc3339: "2020-01-01T00:00:00Z"))), .configuration),
      (.time(try #require(Timestamp(rfc3339: "2099-01-01T00:00:00Z"))), .restoreFailed),
      (.position(try position("bin.000001:4")), .configuration),
      (.position(try position("bin.000099:4")), .restoreFailed),
      (.position(try position("bin.000004:450")), .configuration),
      (.position(try position("other.000004:450")), .restoreFailed),
      (.transaction("0-7-1"), .configuration), (.transaction("0-7-999"), .restoreFailed), (.transaction("5-5-5"), .restoreFailed),
    ]
    for (target, code) in cases {
      let fault = await (try drive(sample, target)).fault(sample.full)
      #expect(fault?.code == code, "\(target): \(fault?.description ?? "restored")")
    }
  }

  @Test("does not need a later log that is missing or cut")
  func behind() async throws {
    let sample = try await PhysicalSample.shared()
    var drive = try drive(sample, .transaction(try sample.mark("middle-gtid")))
    let logs = try drive.copy(sample.logs, as: "logs")
    try HostProgram.run("/bin/bash", ["-ec", "rm bin.000005; truncate -s 400 bin.000006"], directory: logs)
    drive.logs = logs
    try await drive.run(sample.full) { restored in try await restored.expect("select count(*) from orders where id = 9001", "1") }
  }

  @Test("without a place in the logs is refused")
  func noPlace() async throws {
    let sample = try await PhysicalSample.shared()
    var drive = try PhysicalDrive()
    drive.logs = sample.logs
    let full = try drive.copy(sample.full, as: "full")
    try FileManager.default.removeItem(atPath: "\(full)/xtrabackup_binlog_info")
    #expect(await drive.fault(full)?.code == .configuration)
  }
}
