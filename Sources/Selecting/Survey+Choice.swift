package import DrillModel

extension Survey {
  /// The recovery points that had been there at the failure instant, oldest first.
  ///
  /// When the failure instant is the moment of the survey (give or take the clock skew) these are all, a future time included: the newest is what a person would
  /// restore, and an impossible time must show in the recovery point actual rather than hide the file. For an earlier failure instant
  /// what came later is left out, and what has no time at all.
  package func candidates(at failureInstant: Timestamp) -> [Candidate] {
    if !isEarlier(failureInstant) { return candidates }
    return candidates.filter { $0.order.map { $0 <= failureInstant } ?? false }
  }

  /// The newest of them, whichever is restored: the artefact age is measured from it.
  package func newest(at failureInstant: Timestamp) -> Candidate? { candidates(at: failureInstant).last }

  /// Picks the recovery point to restore.
  ///
  /// - Throws: `Fault` with code `nothing_to_restore` that says what was there instead.
  package func choose(
    _ selection: Selection, failureInstant: Timestamp, using random: inout some RandomNumberGenerator
  ) throws -> Candidate {
    let present = candidates(at: failureInstant)
    switch selection {
    case .latest:
      if let newest = present.last { return newest }
      throw nothing(before: candidates.isEmpty ? nil : failureInstant)
    case .at(let instant):
      if let newest = candidates.last(where: { $0.order.map { $0 <= instant } ?? false }) { return newest }
      throw nothing(before: candidates.isEmpty ? nil : instant)
    case .randomWithin(let age):
      if let chosen = within(age, of: failureInstant, present).randomElement(using: &random) { return chosen }
      throw present.isEmpty ? nothing(before: nil) : nothing(within: age, of: failureInstant, present)
    case .oldestWithin(let age):
      if let chosen = within(age, of: failureInstant, present).first { return chosen }
      throw present.isEmpty ? nothing(before: nil) : nothing(within: age, of: failureInstant, present)
    }
  }

  /// Rejected artefacts that make the store's newest state unusable: newer than the chosen point and not after the failure instant.
  ///
  /// For a point that is old on purpose (`random-within`, `oldest-within`) they count only when newer than the newest usable one, so that
  /// one bad file of last week does not fail every other draw. One without any time cannot be shown to be older, and counts.
  package func newerRejections(than chosen: Candidate, selection: Selection, failureInstant: Timestamp) -> [Rejection] {
    let bound: Candidate =
      switch selection {
      case .latest, .at: chosen
      case .randomWithin, .oldestWithin: newest(at: failureInstant) ?? chosen
      }
    return rejected.filter { rejection in
      guard let time = rejection.time else { return true }
      if isEarlier(failureInstant), time > failureInstant { return false }
      return bound.order.map { time > $0 } ?? true
    }
  }

  private func isEarlier(_ failureInstant: Timestamp) -> Bool { failureInstant + rules.clockSkew < now }

  private func within(_ age: Duration, of failureInstant: Timestamp, _ present: [Candidate]) -> [Candidate] {
    present.filter { candidate in
      guard let order = candidate.order else { return false }
      return order >= failureInstant - age && order <= failureInstant + rules.clockSkew
    }
  }

  private func nothing(within age: Duration, of failureInstant: Timestamp, _ present: [Candidate]) -> Fault {
    let newest = present.last.map { "; the newest, \($0.id), is from \($0.order.map(\.readable) ?? "an unknown time")" } ?? ""
    return Fault(
      .nothingToRestore,
      "None of \(present.count) recovery points is from the \(age.readable) before \(failureInstant.readable)\(newest)")
  }

  private func nothing(before instant: Timestamp?) -> Fault {
    if let instant {
      let oldest = candidates.first { $0.order != nil }
      let detail = oldest.map { "; the oldest, \($0.id), is from \($0.order.map(\.readable) ?? "")" } ?? "; none of them has a time"
      return Fault(
        .nothingToRestore, "None of \(candidates.count) recovery points is from before \(instant.readable)\(detail)")
    }
    return Fault(.nothingToRestore, "There is nothing to restore: \(inventory)", advice: advice)
  }

  /// What was there, for a person who expected a backup.
  private var inventory: String {
    if leftOut.listed == 0 { return "the place is empty" }
    var parts: [String] = []
    if !rejected.isEmpty {
      let shown = rejected.suffix(3).reversed().map { "\($0.artefact.name): \($0.reason)" }.joined(separator: "; ")
      parts.append("\(counted(rejected.count, "file")) rejected (\(shown))")
    }
    if leftOut.unmatched > 0 {
      let examples = leftOut.examples.joined(separator: ", ")
      let pattern = rules.match.map { "match the pattern \($0)" } ?? "be backups"
      parts.append("\(counted(leftOut.unmatched, "name")) that do not \(pattern) (such as \(examples))")
    }
    if leftOut.sidecars > 0 { parts.append("\(counted(leftOut.sidecars, "checksum or signature file"))") }
    if leftOut.directories > 0 { parts.append("\(leftOut.directories) directories") }
    if leftOut.hidden > 0 { parts.append("\(counted(leftOut.hidden, "hidden file"))") }
    return parts.joined(separator: ", ")
  }

  private var advice: String? {
    if leftOut.unmatched > 0, rules.match != nil { return "Compare `match` with those names" }
    if leftOut.directories > 0 { return "Directories are backups only where `match` names them" }
    if leftOut.listed == 0 { return "Look at `from`, and at whatever writes the backups" }
    return nil
  }

  private func counted(_ count: Int, _ noun: String) -> String { count == 1 ? "1 \(noun)" : "\(count) \(noun)s" }
}
