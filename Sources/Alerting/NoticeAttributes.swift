import DrillConfig
import DrillModel

extension Notice {
  /// What filter policies and programs choose by, sorted by name: `drill`, `event`, `notification_id`, `owner`, `tier`, `verdict`.
  ///
  /// Values are never empty, hold no character that XML 1.0 cannot carry, and have at most 256 bytes.
  package var attributes: [(name: String, value: String)] {
    let all: [(String, String?)] = [
      ("drill", drill), ("event", event.rawValue), ("notification_id", id), ("owner", owner), ("tier", tier),
      ("verdict", verdict?.rawValue),
    ]
    return all.compactMap { name, value in
      guard let value, !value.isEmpty else { return nil }
      return (name, Notice.cut(value, bytes: 256))
    }
  }

  private static func cut(_ text: String, bytes: Int) -> String {
    if text.utf8.count <= bytes { return text }
    var result = ""
    var count = 3
    for character in text.unicodeScalars {
      count += String(character).utf8.count
      if count > bytes { break }
      result.unicodeScalars.append(character)
    }
    return result + "…"
  }
}
