package import DrillModel

/// What a run tells whoever watches it, as it happens.
package enum RunEvent: Sendable {
  case claimed(RunID)
  case began(PhaseName)
  /// Decoded bytes so far, and the total where it is known.
  case progressed(PhaseName, done: Int64, total: Int64?)
  case ended(PhaseName)
  /// The recovery point was chosen; a line for people.
  case selected(String)
  case checked(CheckRecord)
  case note(String)
}
