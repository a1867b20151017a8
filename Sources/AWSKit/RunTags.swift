package import DrillModel

/// The tags by which a run's resources at AWS are known again.
package enum RunTags {
  /// Holds the run's id; without it nothing is ever deleted.
  package static let run = "drillmark:run"

  /// The tags of a run: its id, and the labels that say whose it is.
  package static func of(_ run: RunID, labels: [String: String]) -> [String: String] {
    var tags = Dictionary(uniqueKeysWithValues: labels.map { ("drillmark:\(plain($0.key, 100))", plain($0.value, 200)) })
    tags[RunTags.run] = run.text
    return tags
  }

  /// Whether the tags are those of `run`.
  package static func belong(_ tags: [String: String], to run: RunID) -> Bool { tags[RunTags.run] == run.text }

  /// What a tag may hold: letters, digits, blanks and some marks ("Tag naming limits and requirements", Tagging AWS Resources).
  private static func plain(_ text: String, _ limit: Int) -> String {
    let marks: Set<Character> = ["_", ".", ":", "/", "=", "+", "-", "@", " "]
    let kept = text.map { $0.isASCII && ($0.isLetter || $0.isNumber || marks.contains($0)) ? $0 : "_" }
    return String(kept.prefix(limit))
  }
}
