import DrillModel

/// Decides what a recovery that ended proves. The server's own success is not enough: it takes a hole and a damaged record for the log's end.
struct RecoveryJudge: Sendable {
  let target: RecoveryTarget
  let plan: LogPlan
  let facts: RecoveryLog.Facts
  let account: SegmentServer.Account

  /// Judges a server that came up.
  ///
  /// - Returns: Sentences for the record.
  /// - Throws: `Fault` when it did not come to where it was to go.
  func judgeReady() throws -> [String] {
    guard !target.stops else {
      guard facts.stopped != nil else { throw notReached }
      return []
    }
    return try judgeEnd()
  }

  /// What a server that ended before it was ready says of the backup; `words` are its last ones.
  func fault(lastWords words: String) -> Fault {
    let fatal = facts.fatal.joined(separator: "; ")
    let has = { (text: String) in fatal.contains(text) }
    let quoted = InertText.line([facts.crash, fatal.isEmpty ? words : fatal].compactMap(\.self).joined(separator: "; "), limit: 400)
    if has("No space left on device") { return Fault(.noSpace, "the scratch file system is full: \(quoted)", advice: "Free some space") }
    if words.hasSuffix("(signal 9)") || facts.crash?.contains("by signal 9") == true {
      return Fault(
        .toolFailed, "the server was killed while it recovered: \(facts.crash.map { InertText.line($0, limit: 200) } ?? "signal 9")",
        advice: "Look whether the host ran out of memory (journalctl -k), and give it more")
    }
    if has("could not locate required checkpoint record") || has("could not locate a valid checkpoint record") {
      return Fault(
        .restoreFailed,
        "the log that the backup begins with (\(segmentName(plan.first))) is neither in the backup nor in an archive, or is damaged: the server "
          + "says: could not locate required checkpoint record" + complaint,
        advice: plan.catalogue == nil
          ? "Take backups with -X stream or -X fetch, or give the archive of the log as `logs`" : "Take a new base backup")
    }
    if has("recovery ended before configured recovery target was reached") { return notReached }
    if has("requested recovery stop point is before consistent recovery point") {
      return Fault(
        .configuration, "\(target.description) lies before the end of the base backup, which nothing can take back",
        advice: "Use a base backup that ended before it")
    }
    if has("WAL ends before end of online backup") || has("WAL ends before consistent recovery point") {
      return damage ?? hole
        ?? Fault(
          .restoreFailed, "the log ends before the backup is consistent" + (plan.stop.map { ", which it is at \($0)" } ?? "") + complaint,
          advice: "The backup was not finished, or part of its log is missing; take a new one")
    }
    if has("is not a child of this server's history") {
      return Fault(
        .restoreFailed, "the timeline to follow does not come from the backup's: \(quoted)", advice: "Follow another one (`timeline`)")
    }
    if fatal.firstMatch(of: /recovery target timeline \d+ does not exist/) != nil {
      return Fault(
        .restoreFailed, "\(quoted): its history file is neither in the archive nor in the backup", advice: "Follow another one (`timeline`)"
      )
    }
    return other(has, quoted)
  }

  private func other(_ has: (String) -> Bool, _ quoted: String) -> Fault {
    if has("could not access file") || fatalMatches(/resource manager with ID \d+ not registered/) {
      return Fault(
        .toolMissing, "the data needs a library that the server has not loaded: \(quoted)",
        advice: "Install the extension's package and name its library in `preload`")
    }
    if has("was initialized with") || has("database files are incompatible with server") {
      return Fault(
        .toolTooOld, "the data directory belongs to another build of PostgreSQL: \(quoted)",
        advice: "Drill it with the package that production uses")
    }
    if has("Cannot allocate memory") || has("could not create shared memory") || has("could not map anonymous shared memory") {
      return Fault(.toolFailed, "the server got no memory: \(quoted)", advice: "Give the host more")
    }
    return Fault(
      .restoreFailed, "the server did not come up on the restored data: \(quoted)\(complaint)",
      advice: "Run `drillmark log` for all it said; a restore by hand would end in the same way")
  }

  private func fatalMatches(_ pattern: Regex<Substring>) -> Bool { facts.fatal.contains { $0.firstMatch(of: pattern) != nil } }

  /// At the end of the log: everything that the archive holds must have been applied, and the last record must have been whole.
  private func judgeEnd() throws -> [String] {
    guard let catalogue = plan.catalogue, let highest = plan.highest else { return [] }
    if let damage { throw damage }
    let reached = max(account.served ?? 0, (facts.end?.bytes ?? 0) / plan.size)
    if highest > reached { throw hole ?? cutInside(reached, highest, catalogue) }
    guard facts.complaint != nil else { return [] }
    // Nothing comes behind it, so nothing but the rest of this one segment can be lost, which the recovery point's time shows.
    return [
      "the newest segment, \(segmentName(highest)), was archived before it was full; the log ends in it at \(facts.end.map(\.description) ?? "an unknown place")"
    ]
  }

  private var hole: Fault? {
    guard let catalogue = plan.catalogue, let missed = account.missed else { return nil }
    guard let next = catalogue.numbers(on: plan.chain).first(where: { $0 > missed }) else { return nil }
    return plan.fault(of: LogCatalogue.Hole(missing: missed, next: next))
  }

  private func cutInside(_ reached: UInt64, _ highest: UInt64, _ catalogue: LogCatalogue) -> Fault {
    Fault(
      .backupDamaged,
      "the log breaks off inside \(segmentName(reached)), although \(catalogue.location) goes on to \(segmentName(highest))\(complaint)",
      advice: "Everything behind it is lost to this backup; look at the storage, and take a new base backup")
  }

  /// A record that is neither whole nor simply not there.
  private var damage: Fault? {
    let isBehindEnd = plan.highest.map { (facts.end?.bytes ?? 0) / plan.size < $0 } ?? false
    guard facts.complaint != nil, !facts.endsInUnwritten || isBehindEnd else { return nil }
    let place = facts.end.map { segmentName($0.bytes / plan.size) } ?? "the log"
    return Fault(
      .backupDamaged, "a record of the log in or behind \(place) is damaged\(complaint)",
      advice: "Everything behind it is lost to this backup; look at the storage, and take a new base backup")
  }

  private var notReached: Fault {
    if let damage { return damage }
    if let hole { return hole }
    let end = facts.end.map { " at \($0)" } ?? ""
    let last = facts.lastTransaction.map { ", its last transaction was at \($0)" } ?? ", without any transaction in it"
    return Fault(
      .restoreFailed, "\(target.description) was never reached: the log ends\(end)\(last)",
      advice: "Check the target, and whether the archive holds the log up to it")
  }

  private var complaint: String { facts.complaint.map { ": \(InertText.line($0, limit: 200))" } ?? "" }

  private func segmentName(_ number: UInt64) -> String {
    plan.catalogue?.name(number, on: plan.chain)
      ?? Segment(timeline: plan.chain.timelines(of: number, size: plan.size).first ?? plan.chain.newest, number: number).name(
        size: plan.size)
  }
}
