import DrillModel

extension Notice {
  /// How many reasons a message tells; the worst stand first in a record.
  static let reasonLimit = 12

  /// Takes over what a sealed record says.
  mutating func tell(_ record: RunRecord) {
    run = record.run
    verdict = record.verdict
    let telling = record.reasons.filter { $0.severity != .note }
    reasons = telling.prefix(Notice.reasonLimit).map {
      Reason(code: InertText.of($0.code, limit: 80), severity: $0.severity, text: InertText.of($0.text, limit: 800))
    }
    reasonsLeftOut = telling.count > reasons.count ? telling.count - reasons.count : nil
    rpo = Figure(
      objective: Notice.finite(record.rpo.objective), actual: Notice.finite(record.rpo.actual), verdict: record.rpo.verdict.rawValue)
    rto = Figure(
      objective: Notice.finite(record.rto.objective), actual: Notice.finite(record.rto.actual), verdict: record.rto.verdict.rawValue)
    recoveryPoint = record.recoveryPoint.map { Point(id: InertText.of($0.id, limit: 400), takenAt: $0.takenAt) }
    finishedAt = record.finishedAt
  }

  private static func finite(_ value: Double?) -> Double? { value.flatMap { $0.isFinite ? $0 : nil } }
}
