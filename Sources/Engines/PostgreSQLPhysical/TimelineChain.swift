import DrillModel

/// A timeline with those that it came from, oldest first, and where each ended.
struct TimelineChain: Sendable, Hashable {
  /// One timeline, and where the next one branched off; nil for the last.
  struct Step: Sendable, Hashable {
    var timeline: UInt32
    var end: LogPosition?
  }

  var steps: [Step]

  /// A timeline alone.
  init(_ timeline: UInt32) { steps = [Step(timeline: timeline, end: nil)] }

  /// Reads a history file: a line a parent with its number, the position of the switch and a reason (timeline.c, readTimeLineHistory).
  ///
  /// - Throws: `Fault` with code `backup_damaged`.
  init(of timeline: UInt32, history text: String) throws {
    var steps: [Step] = []
    for line in text.split(whereSeparator: \.isNewline) {
      let fields = line.split(whereSeparator: { $0 == "\t" || $0 == " " })
      guard let first = fields.first, !first.hasPrefix("#") else { continue }
      guard fields.count > 1, let parent = UInt32(first), let end = LogPosition(fields[1]), parent > steps.last?.timeline ?? 0 else {
        throw Fault(
          .backupDamaged, "the history file of timeline \(timeline) is damaged: it has the line \"\(InertText.line(line, limit: 80))\"",
          advice: "Get it from the server's own pg_wal, or use another timeline (`timeline`)")
      }
      steps.append(Step(timeline: parent, end: end))
    }
    guard let last = steps.last, last.timeline < timeline else {
      throw Fault(.backupDamaged, "the history file of timeline \(timeline) names no timeline that it came from")
    }
    self.steps = steps + [Step(timeline: timeline, end: nil)]
  }

  var newest: UInt32 { steps.last?.timeline ?? 0 }

  /// Where a timeline of the chain ended; nil for the last one, and for one that is not in it.
  func end(of timeline: UInt32) -> LogPosition? { steps.first { $0.timeline == timeline }?.end }

  func contains(_ timeline: UInt32) -> Bool { steps.contains { $0.timeline == timeline } }

  /// The timelines on which a segment can lie, the newest first, as the server asks for them.
  func timelines(of number: UInt64, size: UInt64) -> [UInt32] {
    var begin: UInt64 = 0
    var found: [UInt32] = []
    for step in steps {
      if begin <= number, number <= step.end.map({ $0.bytes / size }) ?? .max { found.append(step.timeline) }
      begin = step.end.map { $0.bytes / size } ?? begin
    }
    return found.reversed()
  }
}
