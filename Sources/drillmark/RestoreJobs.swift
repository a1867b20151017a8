import AWSClient
import AWSKit
import DrillModel
import Foundation
import Glibc
import ToolRunner

/// Which restore job is meant: what the command line or an event says of it. Everything else is asked of AWS Backup.
struct RestoreJobEvent {
  let job: String
  let region: String?

  init(job: String, region: String?) {
    self.job = job
    self.region = region
  }

  /// Events are some kilobytes; what is larger is none.
  private static let limit = 1 << 18

  /// Reads an event from standard input ("Restore Job State Change", AWS Backup Developer Guide).
  ///
  /// - Throws: `Fault` with code `configuration` for anything else.
  static func read() async throws -> RestoreJobEvent {
    guard isatty(0) == 0 else {
      throw Fault(.configuration, "no restore job is named", advice: "Give --job ID, or an event on standard input")
    }
    let data = try await onThread("event") { try FileHandle.standardInput.read(upToCount: limit + 1) ?? Data() }
    return try RestoreJobEvent(event: data)
  }

  init(event: Data) throws {
    guard event.count <= RestoreJobEvent.limit, let event = try? JSONDecoder().decode(Event.self, from: event),
      event.source == "aws.backup",
      RestoreJobEvent.isID(event.detail.job)
    else {
      throw Fault(
        .configuration, "standard input holds no event of a restore job",
        advice: "Pass the event that EventBridge gives for \"Restore Job State Change\", or give --job ID")
    }
    self.init(job: event.detail.job, region: event.region)
  }

  /// Ids are UUIDs today; whatever they become, they are short and plain.
  static func isID(_ text: String) -> Bool {
    (1...100).contains(text.utf8.count)
      && text.utf8.allSatisfy { (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == UInt8(ascii: "-") }
  }

  private struct Event: Decodable {
    let source: String
    let region: String?
    let detail: Detail

    struct Detail: Decodable {
      let job: String

      enum CodingKeys: String, CodingKey { case job = "restoreJobId" }
    }
  }
}

/// Restore jobs as AWS Backup knows them.
struct RestoreJobs: Sendable {
  let connection: AWSConnection
  /// Nil means that of the connection.
  let region: String?

  private static let patience: [Duration] = [.seconds(2), .seconds(5), .seconds(10), .seconds(20), .seconds(40)]

  /// - Throws: `Fault` when it is not there or cannot be asked for.
  func find(_ id: String) async throws -> RestoreJob {
    let found = try await ask("looking at the restore job", "backup:DescribeRestoreJob") { try $0.restoreJob(id) }
    if let found { return found }
    throw Fault(
      .configuration, "there is no restore job \(id) in \(try region ?? connection.region() ?? "this region")",
      advice: "Correct the id, or give --region")
  }

  /// Tells AWS Backup what was found, for up to a minute and a half while it is unavailable. Repeating it does no harm.
  ///
  /// - Throws: `Fault` that says how to tell it by hand.
  func report(_ report: RestoreReportText, of id: String) async throws {
    for delay in RestoreJobs.patience + [.zero] {
      do {
        try await ask("telling AWS Backup", "backup:PutRestoreValidationResult") { try $0.report(report.status, report.message, of: id) }
        return
      } catch let fault as Fault where !fault.isTransient || delay == .zero {
        throw Fault(
          fault.code, "AWS Backup was not told that the restore is \(report.status.rawValue): \(fault.message)",
          advice:
            "Tell it by hand: aws backup put-restore-validation-result --restore-job-id \(id) --validation-status \(report.status.rawValue)"
        )
      } catch is Fault {
        try await Task.sleep(for: delay)
      }
    }
  }

  private func ask<T: Sendable>(
    _ doing: String, _ action: String, _ call: @escaping @Sendable (BackupClient) throws -> T
  ) async throws -> T {
    let (connection, region) = (connection, region)
    do {
      return try await askAWS { http, options in
        guard let place = try region ?? connection.region() else {
          throw Fault(.configuration, "nothing says in which region the restore job is", advice: "Give --region, or set aws.region")
        }
        return try call(BackupClient(connection, region: place, http: http, options: options))
      }
    } catch let failure as AWSFailure {
      throw failure.fault(during: doing, action: action, else: .sourceUnreachable)
    }
  }
}

/// What AWS Backup is told of a sealed run.
struct RestoreReportText: Sendable, Hashable {
  let status: ValidationStatus
  let message: String

  /// Nil for a run that somebody stopped, which is nobody's finding.
  init?(_ record: RunRecord) {
    switch record.verdict {
    case .passed: status = .successful
    case .failed: status = .failed
    // Nothing was shown either way: AWS Backup's word for a validation without an outcome.
    case .couldNotVerify, .cannotDrill: status = .timedOut
    case .interrupted, .skipped: return nil
    }
    let passed = record.checks.count { $0.verdict == .passed }
    let verdict = record.verdict.rawValue.replacing("_", with: " ")
    let why = record.reasons.first { $0.severity != .note }.map { ": \($0.text)" } ?? ""
    message = "Drillmark \(verdict), run \(record.run), \(passed) of \(record.checks.count) checks passed\(why)"
  }
}
