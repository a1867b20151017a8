/// Walks a pattern over one name. Every pair of element and place is tried at most once, so the time is bounded by their product
/// whatever the pattern.
struct PatternMatcher {
  private let elements: [PatternElement]
  private let name: [UInt8]
  /// Whether a field takes only values in its range, so that of several readings the one that is a date wins.
  private let isStrict: Bool
  private var tried: [Bool] = []
  private(set) var captures: [(TimeField, Int)] = []
  /// How far into the name any reading got, in bytes.
  private(set) var furthest = 0

  init(_ elements: [PatternElement], over name: [UInt8], isStrict: Bool) {
    self.elements = elements
    self.name = name
    self.isStrict = isStrict
  }

  /// Whether the whole name fits; the captures are of the first reading, in which each `*` takes as little as it can.
  mutating func run() -> Bool { fits(0, 0) }

  private mutating func fits(_ element: Int, _ start: Int) -> Bool {
    var element = element
    var place = start
    while true {
      furthest = max(furthest, place)
      guard element < elements.count else { return place == name.count }
      switch elements[element] {
      case .literal(let byte):
        guard place < name.count, name[place] == byte else { return false }
        place += 1
      case .any:
        guard let scalar = scalar(at: place), scalar.value != 0x2F else { return false }
        place += scalar.length
      case .oneOf(let ranges, let negated):
        guard let scalar = scalar(at: place), scalar.value != 0x2F, ranges.contains(where: { $0.contains(scalar.value) }) != negated
        else { return false }
        place += scalar.length
      case .star: return starFits(element, place, upTo: 0x2F)
      case .stars: return starFits(element, place, upTo: nil)
      case .field(let field):
        let readings = FieldReader(name: name, place: place, isStrict: isStrict).readings(of: field)
        guard readings.count <= 1 else { return choice(element, place) { $0.anyFits(readings, of: field, element) } }
        guard let reading = readings.first else { return false }
        captures.append((field, reading.value))
        place += reading.length
      }
      element += 1
    }
  }

  private mutating func starFits(_ element: Int, _ start: Int, upTo end: UInt8?) -> Bool {
    choice(element, start) { matcher in
      var place = start
      let depth = matcher.captures.count
      while true {
        if matcher.fits(element + 1, place) { return true }
        matcher.captures.removeLast(matcher.captures.count - depth)
        guard place < matcher.name.count, matcher.name[place] != end else { return false }
        place += 1
        // What begins at a place that an earlier visit of this star reached was tried then.
        if matcher.isTried(element, place) { return false }
        matcher.markTried(element, place)
      }
    }
  }

  private mutating func anyFits(_ readings: [FieldReader.Reading], of field: TimeField, _ element: Int) -> Bool {
    let depth = captures.count
    for reading in readings {
      captures.append((field, reading.value))
      if fits(element + 1, reading.end) { return true }
      captures.removeLast(captures.count - depth)
    }
    return false
  }

  /// Runs a choice unless it was tried from here before, which can only fail again.
  private mutating func choice(_ element: Int, _ place: Int, _ body: (inout PatternMatcher) -> Bool) -> Bool {
    if isTried(element, place) { return false }
    if tried.isEmpty { tried = Array(repeating: false, count: elements.count * (name.count + 1)) }
    markTried(element, place)
    return body(&self)
  }

  private mutating func markTried(_ element: Int, _ place: Int) { tried[element * (name.count + 1) + place] = true }

  private func isTried(_ element: Int, _ place: Int) -> Bool { !tried.isEmpty && tried[element * (name.count + 1) + place] }

  /// The character at a place, for the elements that match one character of UTF-8.
  private func scalar(at place: Int) -> (value: UInt32, length: Int)? {
    guard place < name.count else { return nil }
    let lead = name[place]
    if lead < 0x80 { return (UInt32(lead), 1) }
    let length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2
    guard place + length <= name.count else { return (UInt32(lead), 1) }
    let mask: UInt32 = length == 4 ? 0x07 : length == 3 ? 0x0F : 0x1F
    let value = name[(place + 1)..<(place + length)].reduce(UInt32(lead) & mask) { $0 << 6 | UInt32($1 & 0x3F) }
    return (value, length)
  }
}

/// Reads one time field at a place of a name.
struct FieldReader {
  var name: [UInt8]
  var place: Int
  var isStrict: Bool

  struct Reading {
    var value: Int
    var end: Int
    var length: Int
  }

  /// Every way to read the field here, the longest first.
  func readings(of field: TimeField) -> [Reading] {
    switch field {
    case .year: number(4, 0...9999)
    case .shortYear: number(2, 0...99)
    case .month: number(2, 1...12)
    case .day: number(2, 1...31)
    case .dayOfYear: number(3, 1...366)
    case .hour: number(2, 0...23)
    case .hour12: number(2, 1...12)
    case .minute: number(2, 0...59)
    case .second: number(2, 0...60)
    case .epoch: number(10, 0...9_999_999_999)
    case .fraction: fraction
    case .offset: offset
    case .meridiem: word(["AM", "PM"], first: 0)
    case .monthName: word(FieldReader.shortMonths, first: 1)
    case .monthWord: word(FieldReader.months, first: 1)
    case .weekdayName: word(FieldReader.shortWeekdays, first: 1)
    case .weekdayWord: word(FieldReader.weekdays, first: 1)
    }
  }

  private static let months = [
    "JANUARY", "FEBRUARY", "MARCH", "APRIL", "MAY", "JUNE", "JULY", "AUGUST", "SEPTEMBER", "OCTOBER", "NOVEMBER", "DECEMBER",
  ]
  private static let weekdays = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]

  private static let shortMonths = months.map { String($0.prefix(3)) }
  private static let shortWeekdays = weekdays.map { String($0.prefix(3)) }

  private func digits(_ count: Int, at place: Int) -> Int? {
    guard place + count <= name.count else { return nil }
    var value = 0
    for byte in name[place..<(place + count)] {
      guard byte >= 0x30, byte <= 0x39 else { return nil }
      value = value * 10 + Int(byte - 0x30)
    }
    return value
  }

  private func number(_ count: Int, _ range: ClosedRange<Int>) -> [Reading] {
    guard let value = digits(count, at: place), !isStrict || range.contains(value) else { return [] }
    return [Reading(value: value, end: place + count, length: count)]
  }

  /// One to nine digits as milliseconds, cut off.
  private var fraction: [Reading] {
    let count = name[place...].prefix(9).prefix { $0 >= 0x30 && $0 <= 0x39 }.count
    return (0..<count).reversed().compactMap { more in
      let length = more + 1
      guard let value = digits(min(3, length), at: place) else { return nil }
      return Reading(value: length == 1 ? value * 100 : length == 2 ? value * 10 : value, end: place + length, length: length)
    }
  }

  /// Minutes east of UTC.
  private var offset: [Reading] {
    guard place < name.count else { return [] }
    if name[place] == UInt8(ascii: "Z") { return [Reading(value: 0, end: place + 1, length: 1)] }
    guard name[place] == UInt8(ascii: "+") || name[place] == UInt8(ascii: "-"), let hours = digits(2, at: place + 1), hours <= 23 else {
      return []
    }
    let sign = name[place] == UInt8(ascii: "+") ? 1 : -1
    let hasColon = place + 3 < name.count && name[place + 3] == UInt8(ascii: ":")
    let minutesAt = place + (hasColon ? 4 : 3)
    var readings: [Reading] = []
    if let minutes = digits(2, at: minutesAt), minutes <= 59 {
      readings.append(Reading(value: sign * (hours * 60 + minutes), end: minutesAt + 2, length: minutesAt + 2 - place))
    }
    readings.append(Reading(value: sign * hours * 60, end: place + 3, length: 3))
    return readings
  }

  private func word(_ words: [String], first: Int) -> [Reading] {
    for (index, word) in words.enumerated() {
      let length = word.utf8.count
      guard place + length <= name.count else { continue }
      let isSame = zip(name[place..<(place + length)], word.utf8).allSatisfy { $0 & 0xDF == $1 }
      if isSame { return [Reading(value: index + first, end: place + length, length: length)] }
    }
    return []
  }
}
