package import DrillConfig
package import DrillModel
import Foundation

/// What a notification says, whole: sealed with the verdict as JSON, and made into text by each channel.
///
/// Texts in it are inert and short, so that every form of it is. Never holds a secret.
package struct Notice: Sendable, Codable, Hashable {
  /// How this is written; grows when the meaning of a key changes.
  package var format = 1
  /// The same on every attempt: whoever receives two of one id drops the second.
  package var id: String
  package var event: NotificationEvent
  package var drill: String
  package var description: String?
  package var owner: String?
  package var tier: String?
  /// The run that it tells of: for a reminder the one told before.
  package var run: RunID?
  package var verdict: Verdict?
  package var reasons: [Reason]
  /// How many reasons were left out here; `drillmark show` has them.
  package var reasonsLeftOut: Int?
  package var rpo: Figure?
  package var rto: Figure?
  /// The backup that was restored.
  package var recoveryPoint: Point?
  /// When it became bad.
  package var since: Timestamp?
  package var lastPass: Timestamp?
  /// The due time that nothing answered.
  package var due: Timestamp?
  package var finishedAt: Timestamp?
  package var incident: String?
  /// For an escalation: after how long without recovery this receiver is told.
  package var after: Double?
  package var toldAt: Timestamp
  package var evidence: Evidence
  /// What to type to see more.
  package var command: String
  /// What happens next, in sentences.
  package var next: String
  /// Hash and number of the chain's newest entry.
  package var head: String?
  package var headSequence: Int64?

  /// An objective and what was measured, in seconds.
  package struct Figure: Sendable, Codable, Hashable {
    package var objective: Double?
    package var actual: Double?
    /// `met`, `missed`, `unknown`, …
    package var verdict: String

    package enum CodingKeys: String, CodingKey {
      case objective = "objective_s"
      case actual = "actual_s"
      case verdict
    }
  }

  package struct Point: Sendable, Codable, Hashable {
    package var id: String
    package var takenAt: Timestamp?

    package enum CodingKeys: String, CodingKey {
      case id
      case takenAt = "taken_at"
    }
  }

  /// Where the sealed record lies.
  package struct Evidence: Sendable, Codable, Hashable {
    package var host: String
    package var ledger: String

    package init(host: String, ledger: String) {
      self.host = InertText.of(host, limit: 255)
      self.ledger = InertText.of(ledger)
    }
  }

  package enum CodingKeys: String, CodingKey {
    case format, id, event, drill, description, owner, tier, run, verdict, reasons
    case reasonsLeftOut = "reasons_left_out"
    case rpo, rto
    case recoveryPoint = "recovery_point"
    case since
    case lastPass = "last_pass"
    case due
    case finishedAt = "finished_at"
    case incident
    case after = "after_s"
    case toldAt = "told_at"
    case evidence, command, next, head
    case headSequence = "head_sequence"
  }

  /// As JSON with sorted keys (RFC 8259), the form in which it is stored and in which machines get it.
  ///
  /// - Throws: `Fault` for a figure that JSON cannot write.
  package var json: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      guard let data = try? encoder.encode(self) else { throw Fault(.internalError, "a notice holds a number that JSON cannot write") }
      return String(decoding: data, as: UTF8.self)
    }
  }

  /// - Throws: `Fault` when the text is not a notice of a known form.
  package init(json: String) throws {
    do { self = try JSONDecoder().decode(Notice.self, from: Data(json.utf8)) } catch {
      throw Fault(.ledgerUnusable, "an owed message cannot be read as a notice", advice: "Run `drillmark audit verify`")
    }
  }

  package init(
    id: String, event: NotificationEvent, drill: String, toldAt: Timestamp, evidence: Evidence, command: String, next: String
  ) {
    self.id = id
    self.event = event
    self.drill = InertText.of(drill)
    self.toldAt = toldAt
    self.evidence = evidence
    self.command = command
    self.next = next
    reasons = []
  }
}
