/// The values that one field of a cron expression allows, as bits.
struct CronField: Sendable, Hashable {
  private(set) var bits: UInt64 = 0
  /// Whether the field's text begins with `*`, on which two of cron's rules turn.
  private(set) var startsWithStar = false

  func contains(_ value: Int) -> Bool { bits & (1 << UInt64(value)) != 0 }

  /// The values in order.
  var values: [Int] { (0..<64).filter(contains) }

  /// What a field may hold.
  struct Kind: Sendable {
    var name: String
    var range: ClosedRange<Int>
    var names: [String] = []
    /// Value of the first name.
    var firstName = 0

    /// Quartz's sign for “no day given”, which people bring along.
    var allowsQuestionMark: Bool { name.hasPrefix("day") }
  }

  static let kinds: [Kind] = [
    Kind(name: "minute", range: 0...59), Kind(name: "hour", range: 0...23), Kind(name: "day of month", range: 1...31),
    Kind(
      name: "month", range: 1...12, names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
      firstName: 1),
    Kind(name: "day of week", range: 0...7, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
  ]

  init(_ text: Substring, kind: Kind, column: Int) throws(CronError) {
    let isOpen = text == "?" && kind.allowsQuestionMark
    var parser = Parser(kind: kind, rest: isOpen ? "*" : text, column: column)
    startsWithStar = isOpen || text.first == "*"
    repeat {
      bits |= try parser.item()
    } while parser.skip(",")
    if let stray = parser.rest.first {
      throw CronError("\(kind.name) has “\(stray)” where a comma or the field's end was expected", column: parser.column)
    }
    if kind.range.upperBound == 7, contains(7) { bits = (bits | 1) & 0x7F }
  }

  private struct Parser {
    var kind: Kind
    var rest: Substring
    var column: Int

    mutating func skip(_ character: Character) -> Bool {
      guard rest.first == character else { return false }
      rest.removeFirst()
      column += 1
      return true
    }

    /// `*`, a value or a range, each with an optional step.
    mutating func item() throws(CronError) -> UInt64 {
      let start = column
      var low = kind.range.lowerBound
      var high = kind.range.upperBound
      var isSingle = false
      if skip("*") {
        if high == 7 { high = 6 }
      } else {
        low = try value()
        isSingle = !skip("-")
        high = isSingle ? low : try value()
        if high < low {
          throw CronError("\(kind.name) range \(low)-\(high) runs backwards; write it as two ranges with a comma", column: start)
        }
      }
      var step = 1
      if skip("/") {
        step = try self.step()
        if isSingle { high = kind.range.upperBound == 7 ? max(low, 6) : kind.range.upperBound }
      }
      return stride(from: low, through: high, by: step).reduce(0) { $0 | (1 << UInt64($1)) }
    }

    private mutating func step() throws(CronError) -> Int {
      let at = column
      guard let step = try digits() else { throw CronError("\(kind.name) has no number after “/”", column: at) }
      if step == 0 { throw CronError("\(kind.name) has a step of 0", column: at) }
      return step
    }

    private mutating func value() throws(CronError) -> Int {
      let at = column
      if let number = try digits() {
        guard kind.range.contains(number) else {
          throw CronError("\(kind.name) \(number) is not between \(kind.range.lowerBound) and \(kind.range.upperBound)", column: at)
        }
        return number
      }
      let word = rest.prefix { $0.isASCII && $0.isLetter }
      if let index = kind.names.firstIndex(of: word.lowercased()) {
        rest = rest.dropFirst(word.count)
        column += word.count
        return index + kind.firstName
      }
      let found = word.isEmpty ? rest.first.map { "“\($0)”" } ?? "nothing" : "“\(word.prefix(20))”"
      let names = kind.names.isEmpty ? "" : " or a name such as \(kind.names[0].uppercased())"
      throw CronError(
        "\(kind.name) has \(found) where a number from \(kind.range.lowerBound) to \(kind.range.upperBound)\(names) was expected",
        column: at)
    }

    private mutating func digits() throws(CronError) -> Int? {
      let text = rest.prefix { $0.isASCII && $0.isNumber }
      guard !text.isEmpty else { return nil }
      guard text.count <= 4, let number = Int(text) else {
        throw CronError("\(kind.name) has the number \(text.prefix(12)), which is too large", column: column)
      }
      rest = rest.dropFirst(text.count)
      column += text.count
      return number
    }
  }
}
