import DrillConfig
import DrillModel
import Foundation
import Ledger

/// Seals a run together with the notifications that it owes.
struct Sealing {
  let runner: DrillRunner

  /// - Throws: `Fault` when the ledger cannot take it; then neither the record nor the notifications exist.
  func seal(_ record: RunRecord, points: [SeenPoint], claim: RunClaim) throws -> SealedRecord {
    let previous = try runner.ledger.latest(record.drill)?.record.verdict
    let routes = runner.settings.routes
    runner.settings.crashPoint("verdict, not sealed")
    return try runner.ledger.seal(record, claim: claim, points: points) { head in
      try routes.enumerated().flatMap { index, route in
        try Sealing.events(record.verdict, after: previous).filter { route.on.contains($0) }.map { event in
          OwedNotification(
            id: "\(record.run)-\(event.rawValue)-\(index)", run: record.run, drill: record.drill, event: event.rawValue,
            route: "\(route.kind):\(route.target)", payload: try Notice(event: event.rawValue, record: record, head: head.hash).json)
        }
      }
    }
  }

  /// What happened, in the words of a route's `on`.
  static func events(_ verdict: Verdict, after previous: Verdict?) -> [NotificationEvent] {
    let own = NotificationEvent(rawValue: verdict.rawValue).map { [$0] } ?? []
    guard verdict == .passed, let previous, previous != .passed else { return own }
    return own + [.recovered]
  }
}

/// What a notification says, for machines; channels make their own text from it.
private struct Notice: Encodable {
  let event: String
  let drill: String
  let run: RunID
  let verdict: Verdict
  let reasons: [Reason]
  let rpa: Double?
  let rta: Double?
  let finishedAt: Timestamp
  let head: String

  init(event: String, record: RunRecord, head: String) {
    self.event = event
    drill = record.drill
    run = record.run
    verdict = record.verdict
    reasons = record.reasons.filter { $0.severity != .note }
    rpa = record.rpo.actual
    rta = record.rto.actual
    finishedAt = record.finishedAt
    self.head = head
  }

  private enum CodingKeys: String, CodingKey {
    case event, drill, run, verdict, reasons, head
    case rpa = "rpa_s"
    case rta = "rta_s"
    case finishedAt = "finished_at"
  }

  var json: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
  }
}
