import DrillModel
import EngineKit
import Foundation
import Selecting

/// What a roll-forward needs, found out before the server starts.
struct LogPlan: Sendable {
  /// Nil where the drill has no log archive.
  var catalogue: LogCatalogue?
  var chain: TimelineChain
  /// Where the log that the backup needs begins, and where the backup is consistent.
  var start: LogPosition
  var stop: LogPosition?
  /// When the backup ended, at the earliest.
  var stopTime: Timestamp?
  /// Segments that the backup brought itself.
  var local: Set<UInt64>
  var size: UInt64
  /// Whether the server wrote no more log than it needs after a crash, which nothing can be rolled forward with.
  let isMinimal: Bool
  /// Where the last checkpoint began that the copied files know of.
  private let redo: LogPosition?
  var notes: [String] = []

  var first: UInt64 { start.bytes / size }

  /// The last segment that the server could be given.
  var highest: UInt64? { catalogue?.numbers(on: chain).last }

  /// The backup's own words, gathered from its files.
  struct Backup: Sendable {
    var data: String
    var control: ControlData
    var label: BackupLabel?
    var manifest: ManifestSummary?
    /// When the control file in it was last written.
    var controlTime: Timestamp?
    /// When and where it ended, where a catalogue knows.
    var ended: Timestamp?
    var stop: LogPosition?
  }

  init(_ backup: Backup) throws {
    guard let start = backup.label?.start ?? backup.control.redo, let timeline = backup.label?.timeline ?? backup.control.timeline else {
      throw Fault(.backupDamaged, "neither backup_label nor global/pg_control says where the log begins that the backup needs")
    }
    self.start = start
    size = backup.control.segmentBytes
    isMinimal = backup.control.logLevel == "minimal"
    redo = backup.control.redo
    chain = TimelineChain(timeline)
    stop = [backup.manifest?.end, backup.stop].compactMap(\.self).max()
    stopTime = [backup.label?.startTime, backup.controlTime, backup.ended].compactMap(\.self).max()
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(backup.data)/pg_wal")) ?? []
    let size = size
    local = Set(names.compactMap { if case .segment(let segment)? = LogFile($0, size: size) { segment.number } else { nil } })
  }

  /// Looks through the archive and decides which timeline to follow.
  ///
  /// - Parameter text: Fetches a small file of the archive.
  /// - Throws: `Fault` that tells an empty archive, a missing timeline and a foreign one apart.
  mutating func look(
    into catalogue: LogCatalogue, _ choice: TimelineChoice, text: (Artefact) async throws -> String
  ) async throws {
    guard !catalogue.isEmpty else {
      throw Fault(
        .nothingToRestore, "\(catalogue.location) holds no segment of write-ahead log",
        advice: catalogue.folders == 0
          ? "Check `logs`, and the server's archive_command"
          : "It holds \(catalogue.folders) folders, which are not looked into: give `logs` the one with the segments")
    }
    self.catalogue = catalogue
    try await follow(choice, catalogue, text)
    for artefact in catalogue.backupHistories {
      guard let found = BackupLabel(try await text(artefact)), found.start == start, let end = found.stop else { continue }
      stop = max(stop ?? end, end)
      stopTime = [stopTime, found.stopTime].compactMap(\.self).max()
      try checkLabel(end)
    }
    if let partial = catalogue.partial {
      notes.append("the archive holds an unfinished segment, \(partial).partial, which no restore_command asks for and was left out")
    }
    let numbers = catalogue.numbers(on: chain)
    if numbers.isEmpty, !catalogue.segments.isEmpty { throw foreignTimeline(catalogue) }
    if numbers.last.map({ $0 < (stop?.bytes ?? start.bytes) / size }) ?? true {
      let newest = catalogue.newest?.name(size: size) ?? "nothing"
      notes.append("the log archive ends at \(newest), before this backup does, and so adds nothing to it")
    }
  }

  /// A label of an earlier backup than the files': the server would take them for consistent before they are.
  private func checkLabel(_ end: LogPosition) throws {
    guard let redo, redo > end else { return }
    throw Fault(
      .backupDamaged,
      "backup_label belongs to another backup, which ended at \(end) as the archive says, and the files are newer: their last checkpoint began at "
        + "\(redo)",
      advice: "Keep the label that pg_backup_stop gave with the files of the same backup")
  }

  private func foreignTimeline(_ catalogue: LogCatalogue) -> Fault {
    let found = Set(catalogue.segments.keys.map(\.timeline)).sorted().prefix(5).map(String.init).joined(separator: ", ")
    return Fault(
      .restoreFailed,
      "\(catalogue.location) holds log of timeline \(found) where the backup begins, and none of the backup's own, \(chain.newest)",
      advice: "Find out where the server archives since it was promoted, and give that place as `logs`")
  }

  private mutating func follow(
    _ choice: TimelineChoice, _ catalogue: LogCatalogue, _ text: (Artefact) async throws -> String
  ) async throws {
    let own = chain.newest
    let wanted =
      switch choice {
      case .current: own
      case .latest: max(own, catalogue.newestTimeline)
      case .number(let number): number
      }
    guard wanted != own else { return }
    guard wanted > own else {
      throw Fault(
        .configuration, "the backup is of timeline \(own), and the older timeline \(wanted) cannot be followed from it",
        advice: "Use a backup that was taken on timeline \(wanted), or leave `timeline` out")
    }
    guard let history = catalogue.histories[wanted] else {
      throw Fault(
        .restoreFailed,
        "the history file of timeline \(wanted) is missing in \(catalogue.location), so the log cannot be followed from the backup's timeline \(own)",
        advice:
          "Copy \(Segment.historyName(wanted)) from a server's pg_wal into the archive, or follow another timeline (`timeline: current`)")
    }
    let found = try TimelineChain(of: wanted, history: try await text(history))
    let advice = "Use a backup of that timeline, or `timeline: current` to stay on the backup's own"
    guard found.contains(own) else {
      let parents = found.steps.map { String($0.timeline) }.joined(separator: " → ")
      throw Fault(
        .restoreFailed, "timeline \(wanted) of the archive does not come from the backup's timeline \(own): it is \(parents)",
        advice: advice)
    }
    if let end = found.end(of: own), end < (stop ?? start) {
      throw Fault(
        .restoreFailed,
        "timeline \(wanted) left the backup's timeline \(own) at \(end), before this backup was complete (\(stop ?? start)): it never was part of it",
        advice: advice)
    }
    chain = found
  }

  /// Refuses a target that the backup itself is already past; the server would not, and give later data than asked for.
  ///
  /// - Throws: `Fault` with code `configuration`.
  func check(_ target: RecoveryTarget) throws {
    let advice = "Use a base backup that ended before it: `select: {at: …}` with the same time chooses one"
    switch target {
    case .time(let time):
      guard let stopTime, time < stopTime else { return }
      throw Fault(
        .configuration, "the target \(time) is earlier than the end of the base backup (\(stopTime) or later), which nothing can take back",
        advice: advice)
    case .position(let text):
      guard let position = LogPosition(text), position < stop ?? start else { return }
      throw Fault(
        .configuration, "the target \(text) lies before the end of the base backup (\(stop ?? start)), which nothing can take back",
        advice: advice)
    case .latest, .immediate, .name, .transaction: return
    }
  }

  /// Refuses to roll a server forward that wrote too little log for it: it would come up as it was copied, and that is not what was asked for.
  ///
  /// - Throws: `Fault` with code `restore_failed`.
  func checkLevel(_ target: RecoveryTarget) throws {
    guard isMinimal else { return }
    let isAsked = target.stops ? target != .immediate : highest != nil
    guard isAsked else { return }
    throw Fault(
      .restoreFailed, "the backup is of a server with wal_level=minimal, whose log cannot roll it forward to \(target.description)",
      advice: "Set wal_level to replica and take a new base backup; without `logs` and `target` this copy is drilled as it is")
  }

  /// Refuses to roll forward to the end of a log that has a gap: the server would end there and call it the end.
  ///
  /// - Throws: `Fault` with code `restore_failed`.
  func checkWhole() throws {
    guard let catalogue, let hole = catalogue.hole(from: first, on: chain, local: local) else { return }
    throw fault(of: hole)
  }

  func fault(of hole: LogCatalogue.Hole) -> Fault {
    let location = catalogue?.location ?? "the backup"
    let missing = catalogue?.name(hole.missing, on: chain) ?? ""
    let next = catalogue?.name(hole.next, on: chain) ?? ""
    let what =
      hole.missing == first
      ? "the log that the backup begins with is missing: \(location) does not hold \(missing), and goes on with \(next)"
      : "the log archive has a hole: \(missing) is missing in \(location), and \(next) is there"
    return Fault(
      .restoreFailed, what,
      advice: "Everything behind it is lost to this backup; find out why it was not archived, and take a new base backup")
  }
}

extension Segment {
  /// `00000002.history`.
  static func historyName(_ timeline: UInt32) -> String {
    String(Segment(timeline: timeline, number: 0).name(size: 16 << 20).prefix(8)) + ".history"
  }
}
