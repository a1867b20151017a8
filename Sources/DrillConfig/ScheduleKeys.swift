import DrillModel
import Scheduling

extension ValueType where Value == DrillSchedule {
  /// A mapping of the schedule's keys, or a cron expression alone.
  static var schedule: ValueType<DrillSchedule> {
    let alone = ValueType<String>.cron.map { DrillSchedule(cron: $0) }
    return .section(scheduleKeys, initial: DrillSchedule(cron: "")).or(alone) { $0.scalar.map { !$0.isNull } ?? false }
  }
}

private let scheduleKeys = Section<DrillSchedule>([
  Key("cron", \.cron, .cron, required: true, "When the drill runs: five fields as in Debian's cron, or @daily, @weekly and the like."),
  Key("timezone", \.timezone, .timezone, default: "UTC", "The time zone of the cron expression."),
  Key("jitter", \.jitter, .duration, default: "0", "A delay of up to this long, so that many drills do not start at once."),
  Key("start-within", \.startWithin, .positiveDuration, "How long after its due time a run may still start."),
  Key("finish-within", \.finishWithin, .positiveDuration, "How long after its due time a run must have ended."),
  Key(
    "missed", \.missed, .choice(), default: "run-once",
    "What happens to due times that passed while nothing was running: one run for all of them, or none."),
])

extension ValueType where Value == String {
  /// A cron expression in Debian's dialect; a fault in it is reported at its own column.
  static var cron: ValueType<String> {
    ValueType(summary: "cron expression", schema: ["type": "string", "pattern": "^\\s*(@[A-Za-z]+|\\S+(\\s+\\S+){4})\\s*$"]) {
      node, diagnostics in
      guard let expression = text(of: node, expected: "a cron expression such as \"0 4 * * SUN\"", &diagnostics) else { return nil }
      do throws(CronError) {
        _ = try CronExpression(expression)
        return expression
      } catch {
        diagnostics.error("this cron expression cannot be used: \(error.message)", at: node.place(ofColumn: error.column))
        return nil
      }
    }
  }
}

extension ConfigNode {
  /// The place of a character of this scalar, counted from 1, where it stands in one line as it is; else the scalar's own.
  func place(ofColumn column: Int) -> Place {
    guard let scalar, column > 0, !scalar.text.contains("\n") else { return place }
    return Place(file: file, line: place.line, column: place.column + column - (scalar.isPlain ? 1 : 0))
  }
}
