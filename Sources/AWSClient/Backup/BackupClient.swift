import AWSSigning
import DrillModel
import Foundation
package import HTTPTransport

/// The calls of AWS Backup that checking its restores needs (REST API 2018-11-15). Blocks its caller, and belongs to one thread at a time.
///
/// All of them may be repeated, and are retried by the standard mode.
package final class BackupClient {
  private let caller: AWSCaller
  private let region: String
  private static let pageSize = 1000
  private static let pageLimit = 1000
  private static let bodyLimit = 8 << 20

  package init(_ connection: AWSConnection, region: String, http: any HTTPExchanging, options: HTTPOptions = HTTPOptions()) {
    var options = options
    options.bodyLimit = BackupClient.bodyLimit
    caller = AWSCaller(connection, http: http, options: options)
    self.region = region
  }

  /// The restore job of that id; nil when there is none.
  package func restoreJob(_ id: String) throws(AWSFailure) -> RestoreJob? {
    do throws(AWSFailure) {
      let job = try read(RestoreJob.self, "DescribeRestoreJob", "/restore-jobs/\(PercentEncoding.encode(id))")
      guard job.id.lowercased() == id.lowercased() else { throw BackupClient.unreadable("DescribeRestoreJob") }
      return job
    } catch {
      if error.code.hasPrefix("ResourceNotFound") { return nil }
      throw error
    }
  }

  /// Says what became of the validation of a restore.
  ///
  /// - Parameter message: Cut to what fits; never a secret.
  package func report(_ status: ValidationStatus, _ message: String, of job: String) throws(AWSFailure) {
    let report = ValidationReport(status: status.rawValue, message: InertText.line(message, limit: BackupClient.messageLimit))
    guard let body = try? JSONEncoder().encode(report) else { throw BackupClient.unreadable("PutRestoreValidationResult") }
    var request = AWSRequest(
      service: "backup", region: region, method: "PUT", path: "/restore-jobs/\(PercentEncoding.encode(job))/validations")
    request.action = "backup:PutRestoreValidationResult"
    request.headers = [HTTPHeader("Content-Type", "application/json")]
    request.body = Array(body)
    _ = try caller.call(request, mayRepeat: true)
  }

  /// Characters of a message; AWS Backup says no limit, and shows the message in a table.
  private static let messageLimit = 500

  /// The recovery points of a vault, in no order.
  ///
  /// - Parameter resource: The ARN of the only resource whose points are wanted.
  package func recoveryPoints(vault: String, resource: String) throws(AWSFailure) -> [BackupPoint] {
    let path = "/backup-vaults/\(PercentEncoding.encode(vault))/recovery-points/"
    var found: [BackupPoint] = []
    var token: String?
    for _ in 0..<BackupClient.pageLimit {
      let next = token.map { "&nextToken=\(PercentEncoding.encode($0))" } ?? ""
      let query = "maxResults=\(BackupClient.pageSize)\(next)&resourceArn=\(PercentEncoding.encode(resource))"
      let page = try read(Page.self, "ListRecoveryPointsByBackupVault", path, query: query)
      found += page.points ?? []
      guard let following = page.next, !following.isEmpty else { return found }
      // A list that goes in circles would look like a vault full of copies.
      guard following != token else { throw BackupClient.unreadable("ListRecoveryPointsByBackupVault") }
      token = following
    }
    throw BackupClient.unreadable("ListRecoveryPointsByBackupVault")
  }

  private func read<T: Decodable>(_ type: T.Type, _ action: String, _ path: String, query: String = "") throws(AWSFailure) -> T {
    var request = AWSRequest(service: "backup", region: region, method: "GET", path: path, query: query)
    request.action = "backup:\(action)"
    let response = try caller.call(request, mayRepeat: true)
    guard let value = try? JSONDecoder().decode(type, from: Data(response.body)) else { throw BackupClient.unreadable(action) }
    return value
  }

  /// An answer of 200 that does not hold what the call gives.
  private static func unreadable(_ action: String) -> AWSFailure {
    AWSFailure(
      kind: .transient, code: "unreadable", message: "\(action) was answered with something else than its result", status: 200,
      requestID: nil, retryAfter: nil, attempts: 1)
  }

  private struct Page: Decodable {
    let points: [BackupPoint]?
    let next: String?

    enum CodingKeys: String, CodingKey {
      case points = "RecoveryPoints"
      case next = "NextToken"
    }
  }

  private struct ValidationReport: Encodable {
    let status: String
    let message: String

    enum CodingKeys: String, CodingKey {
      case status = "ValidationStatus"
      case message = "ValidationStatusMessage"
    }
  }
}

/// What AWS Backup is told of a validation ("PutRestoreValidationResult", AWS Backup API Reference).
package enum ValidationStatus: String, Sendable {
  case successful = "SUCCESSFUL"
  case failed = "FAILED"
  case timedOut = "TIMED_OUT"
}
