package import DrillModel

/// A drill's schedule, read: what its due instants are and when the run of each begins.
package struct DueRules: Sendable, Hashable {
  package let drill: String
  package let schedule: DrillSchedule
  private let expression: CronExpression
  private let zone: Zone

  /// - Throws: `Fault` with code `configuration` for an expression or a zone that is none.
  package init(drill: String, schedule: DrillSchedule) throws {
    self.drill = drill
    self.schedule = schedule
    expression = try schedule.expression
    zone = try schedule.zone
  }

  package func next(after instant: Timestamp) -> Timestamp? { expression.next(after: instant, in: zone) }

  /// When the run of a due instant begins: the instant and its share of the jitter, which depends on drill and instant alone, so that two
  /// hosts and a restart agree. It never reaches the next due instant.
  package func start(of due: Timestamp) -> Timestamp {
    guard schedule.jitter > .zero else { return due }
    let gap = next(after: due).map { ($0 - due).inMilliseconds } ?? .max
    let span = UInt64(min(schedule.jitter.inMilliseconds, gap - 1))
    return due + .milliseconds(Int64(DueRules.digest(drill, due) % (span + 1)))
  }

  /// The newest due instant whose run could have begun by `now`, and the start of the one after it when that instant is past already.
  func newest(at now: Timestamp) -> (due: Timestamp?, pending: Timestamp?) {
    guard let last = expression.previous(before: now + .milliseconds(1), in: zone) else { return (nil, nil) }
    let start = start(of: last)
    if start <= now { return (last, nil) }
    return (expression.previous(before: last, in: zone), start)
  }

  // FNV-1a with the finish of SplitMix64: spread evenly, the same on every machine, and no secret.
  private static func digest(_ drill: String, _ due: Timestamp) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in Array(drill.utf8) + [0] + Array(String(due.seconds).utf8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    hash = (hash ^ (hash >> 30)) &* 0xBF58_476D_1CE4_E5B9
    hash = (hash ^ (hash >> 27)) &* 0x94D0_49BB_1331_11EB
    return hash ^ (hash >> 31)
  }
}
