import DrillModel

/// Reads a pattern's text into elements.
struct PatternParser {
  private let text: String
  private var rest: Substring.UnicodeScalarView
  private var column = 1

  /// Longer patterns than file names can be are mistakes, and cost time.
  private static let limit = 4096

  init(_ text: String) {
    self.text = text
    rest = text.unicodeScalars[...]
  }

  mutating func elements() throws -> [PatternElement] {
    if text.isEmpty || text.utf8.count > Self.limit {
      throw Fault(.configuration, text.isEmpty ? "The pattern is empty" : "The pattern is longer than \(Self.limit) bytes")
    }
    if text.hasPrefix("/") {
      throw fault("the pattern begins with /", advice: "Names are relative to `from`: leave the / out")
    }
    var elements: [PatternElement] = []
    while let scalar = next() {
      switch scalar {
      case "*":
        switch elements.last {
        case .star: elements[elements.count - 1] = .stars
        case .stars: break
        default: elements.append(.star)
        }
      case "?": elements.append(.any)
      case "[": elements.append(try bracket())
      case "%": elements += try field()
      default: elements += Array(String(scalar).utf8).map(PatternElement.literal)
      }
    }
    return elements
  }

  private mutating func next() -> Unicode.Scalar? {
    guard let first = rest.popFirst() else { return nil }
    column += 1
    return first
  }

  private func fault(_ message: String, advice: String) -> Fault {
    Fault(.configuration, "In the pattern \(text) (column \(max(1, column - 1))) \(message)", advice: advice)
  }

  private static let fields: [Unicode.Scalar: [PatternElement]] = [
    "Y": [.field(.year)], "y": [.field(.shortYear)], "m": [.field(.month)], "d": [.field(.day)], "j": [.field(.dayOfYear)],
    "b": [.field(.monthName)], "h": [.field(.monthName)], "B": [.field(.monthWord)], "H": [.field(.hour)], "I": [.field(.hour12)],
    "p": [.field(.meridiem)], "M": [.field(.minute)], "S": [.field(.second)], "f": [.field(.fraction)], "N": [.field(.fraction)],
    "s": [.field(.epoch)], "z": [.field(.offset)], "a": [.field(.weekdayName)], "A": [.field(.weekdayWord)],
    "F": [.field(.year), .literal(0x2D), .field(.month), .literal(0x2D), .field(.day)],
    "T": [.field(.hour), .literal(0x3A), .field(.minute), .literal(0x3A), .field(.second)],
    "R": [.field(.hour), .literal(0x3A), .field(.minute)], "%": [.literal(0x25)],
  ]

  private mutating func field() throws -> [PatternElement] {
    let known = "known are %Y %y %m %d %j %b %B %H %I %p %M %S %f %s %z %a %A %F %T %R and %%"
    guard let letter = next() else { throw fault("a single % ends it", advice: "Write %% for a percent sign; \(known)") }
    guard let elements = Self.fields[letter] else {
      let reason = letter == "Z" ? "%Z is a zone's abbreviation, which is ambiguous" : "%\(letter) is not a field"
      throw fault(reason, advice: "Use %z or name-timezone for zones, ? or * for anything else; \(known)")
    }
    return elements
  }

  /// After `[`: ranges up to `]`, negated by `!` or `^`; a `]` that comes first stands for itself.
  private mutating func bracket() throws -> PatternElement {
    var ranges: [ClosedRange<UInt32>] = []
    let negated = rest.first == "!" || rest.first == "^"
    if negated { _ = next() }
    let open = fault("a [ has no ]", advice: "Write [[] for a bracket that stands for itself")
    while let low = next() {
      if low == "]", !ranges.isEmpty { return .oneOf(ranges, negated: negated) }
      guard rest.first == "-", rest.dropFirst().first.map({ $0 != "]" }) ?? false else {
        ranges.append(low.value...low.value)
        continue
      }
      _ = next()
      guard let high = next() else { throw open }
      guard low <= high else { throw fault("the range \(low)-\(high) runs backwards", advice: "Turn it round") }
      ranges.append(low.value...high.value)
    }
    throw open
  }
}
