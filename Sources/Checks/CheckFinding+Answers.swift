import Digesting
import DrillModel
import EngineKit

extension CheckFinding {
  /// The finding when a probe threw: a probe's answer is judged, anything else is ours.
  init(_ error: any Error, expected: String?) {
    if let answer = error as? ProbeError {
      self.init(answer, expected: expected)
    } else {
      self.init(.couldNotVerify, expected: expected, found: "the check was stopped")
    }
  }

  /// The finding when the engine cannot be asked this kind of question.
  static func unanswered(_ expected: String?) -> CheckFinding {
    CheckFinding(.couldNotVerify, expected: expected, found: "this engine cannot be asked")
  }
}

/// A value from restored data in the form that may be recorded: numbers, truth values and times as they are, anything else as a
/// digest, because a record never holds a customer's data.
func recordable(_ value: String?) -> String {
  guard let value else { return "null" }
  let isPlain = ExactNumber(value) != nil || ["t", "f", "true", "false"].contains(value) || DataTime(value, zone: nil) != nil
  if isPlain, value.utf8.count <= 64 { return value }
  let digest = Hexadecimal.encode(SHA256.digest(of: value.utf8)).prefix(16)
  return "a text of \(value.utf8.count) bytes, sha256 \(digest)…"
}
