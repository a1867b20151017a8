/// Says each trouble once until it changes or ends, so that a year of a full disk is two lines and not a million.
struct Complaints {
  private var current: [String: String] = [:]

  /// What is troubled now.
  var subjects: [String] { Array(current.keys) }

  /// What of `text` is news about `subject`; nil when it was said before.
  mutating func raise(_ subject: String, _ text: String) -> String? {
    guard current[subject] != text else { return nil }
    current[subject] = text
    return text
  }

  /// Whether there had been a trouble with `subject`, which is over now.
  mutating func settle(_ subject: String) -> Bool { current.removeValue(forKey: subject) != nil }
}
