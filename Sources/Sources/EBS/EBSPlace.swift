import DrillModel

/// What `from: ebs:…` names: a volume, or a tag that its snapshots carry.
struct EBSPlace: Sendable, Hashable {
  let filter: String
  let value: String

  /// Reads what follows `ebs:`.
  ///
  /// - Throws: `Fault` with code `configuration`.
  init(_ text: String) throws {
    if text.hasPrefix("tag:") {
      let parts = text.dropFirst(4).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty, text.utf8.count <= 400 else { throw EBSPlace.refusal }
      (filter, value) = ("tag:\(parts[0])", String(parts[1]))
    } else {
      guard text.wholeMatch(of: /vol-[0-9a-f]{8,32}/) != nil else { throw EBSPlace.refusal }
      (filter, value) = ("volume-id", text)
    }
  }

  private static var refusal: Fault {
    Fault(
      .configuration, "what follows ebs: is neither a volume nor a tag",
      advice: "Write ebs:vol-0123456789abcdef0, or ebs:tag:NAME=VALUE for snapshots that carry this tag")
  }
}
