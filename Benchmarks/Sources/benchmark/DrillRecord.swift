import Foundation

/// The part of a sealed record that says whether and how long (docs/record.md).
struct DrillRecord: Decodable {
  struct Phase: Decodable {
    let name: String
    let start: Double
    let end: Double?

    enum CodingKeys: String, CodingKey {
      case name
      case start = "start_s"
      case end = "end_s"
    }
  }
  struct RecoveryTime: Decodable {
    let phases: [Phase]
  }

  let verdict: String
  let rto: RecoveryTime

  /// Seconds of a phase, nil when it did not happen.
  func seconds(of phase: String) -> Double? {
    let spans = rto.phases.filter { $0.name == phase }.compactMap { phase in phase.end.map { $0 - phase.start } }
    return spans.isEmpty ? nil : spans.reduce(0, +)
  }

  /// Seconds from the end of the fetch to the end of the restore that it fed, nil when one of them did not happen.
  var restoreAfterFetch: Double? {
    func end(_ name: String) -> Double? { rto.phases.filter { $0.name == name }.compactMap(\.end).max() }
    guard let fetched = end("fetch"), let restored = end("restore") else { return nil }
    return restored - fetched
  }

  /// Seconds from the claim to the end of the last phase.
  var span: Double { rto.phases.compactMap(\.end).max() ?? 0 }

  /// Reads the last line of `run --json`.
  ///
  /// - Throws: `Failure` when the drill did not pass: the time of a restore that went wrong means nothing.
  static func passed(_ text: String) throws -> DrillRecord {
    guard let line = text.split(separator: "\n").last else { throw Failure("the drill printed no record") }
    let record = try JSONDecoder().decode(DrillRecord.self, from: Data(line.utf8))
    guard record.verdict == "passed" else { throw Failure("the drill came to \(record.verdict): \(line.prefix(400))") }
    return record
  }
}
