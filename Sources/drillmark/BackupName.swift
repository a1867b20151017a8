import Foundation

/// A backup's file name as the start of a name pattern.
struct BackupName {
  let folder: String
  /// The name itself as a pattern that matches only it.
  let literal: String
  /// The name with its date and time as fields.
  let pattern: String
  /// The name up to its time, for a drill's name.
  let stem: String

  /// The stem as a file name.
  var fileStem: String { String(stem.map { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" ? $0 : "_" }) }

  init(of path: String) {
    let name = (path as NSString).lastPathComponent
    folder = (path as NSString).deletingLastPathComponent
    literal = BackupName.escaped(name)
    var parts = ""
    var stem = ""
    var rest = name[...]
    var seen = false
    while !rest.isEmpty {
      if !seen, let (fields, length) = BackupName.time(at: rest) {
        parts += fields
        rest = rest.dropFirst(length)
        seen = true
        continue
      }
      parts += BackupName.escaped(String(rest.removeFirst()))
      if !seen, let last = name[..<rest.startIndex].last { stem.append(last) }
    }
    pattern = parts
    let trimmed = stem.split(separator: ".").first.map(String.init) ?? stem
    self.stem =
      trimmed.trimmingCharacters(in: CharacterSet(charactersIn: "-_ ")).isEmpty
      ? "backup" : trimmed.trimmingCharacters(in: CharacterSet(charactersIn: "-_ "))
  }

  /// A date of the years 1970 to 2099 with or without a time after it, in the spellings that backups use.
  private static func time(at text: Substring) -> (fields: String, length: Int)? {
    let shapes = [
      "YYYYMMDD?HHMMSS", "YYYY-MM-DD?HH-MM-SS", "YYYY-MM-DD?HH:MM:SS", "YYYY-MM-DD?HHMMSS", "YYYYMMDDHHMMSS", "YYYYMMDD?HHMM", "YYYY-MM-DD",
      "YYYYMMDD",
    ]
    let fieldNames: [Character: String] = ["Y": "%Y", "D": "%d", "H": "%H", "S": "%S"]
    shapes: for shape in shapes {
      guard text.count >= shape.count, text.hasPrefix("19") || text.hasPrefix("20") else { continue }
      var fields = ""
      var previous: Character?
      var sawHours = false
      for (expected, actual) in zip(shape, text) {
        switch expected {
        case "?":
          guard "_-T.".contains(actual) else { continue shapes }
          fields.append(actual)
        case "-", ":":
          guard actual == expected else { continue shapes }
          fields.append(actual)
        default:
          guard actual.isASCII, actual.isNumber else { continue shapes }
          if expected == "H" { sawHours = true }
          if expected != previous { fields += expected == "M" ? (sawHours ? "%M" : "%m") : fieldNames[expected] ?? "" }
        }
        previous = expected
      }
      return (fields, shape.count)
    }
    return nil
  }

  /// The characters that a pattern gives a meaning, made plain.
  private static func escaped(_ text: String) -> String {
    text.map { character in
      switch character {
      case "%": "%%"
      case "*", "?", "[": "[\(character)]"
      default: String(character)
      }
    }.joined()
  }
}

/// Text as a YAML scalar.
enum YAMLText {
  /// Double-quoted with every character that could end or change it escaped.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      default:
        if scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value) || scalar.value == 0x2028 || scalar.value == 0x2029 {
          let digits = String(scalar.value, radix: 16)
          result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        } else {
          result.unicodeScalars.append(scalar)
        }
      }
    }
    return result + "\""
  }
}
