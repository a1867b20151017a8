import DrillModel

/// A pattern of artefact names in which strftime fields are the recovery point's time and `*`, `?` and `[…]` are as in a shell.
///
/// `*` and `?` do not cross `/`, `**` does; everything else stands for itself, with upper and lower case apart. Fields: `%Y` `%y` (69-99 are
/// 1969-1999) `%m` `%d` `%j` `%b` (also `%h`) `%B` `%H` `%I` `%p` `%M` `%S` `%f` (one to nine digits of a fraction, also `%N`) `%s` (ten
/// digits of seconds since 1970) `%z` (`Z`, `+0200`, `+02:00`, `+02`) `%a` `%A` (passed over) `%F` (`%Y-%m-%d`) `%T` (`%H:%M:%S`) `%R`
/// (`%H:%M`) `%%`. A month with no day (`%Y-%m`) is a date too. A field may come twice (`%Y/%m/%d/db-%Y%m%d.gz`) and must then agree.
package struct NamePattern: Sendable, Hashable {
  /// The pattern as it was written.
  package let text: String
  let elements: [PatternElement]

  /// Compiles a pattern.
  ///
  /// - Throws: `Fault` with code `configuration` that names the column, for an unknown field, a time without its date, or an open `[`.
  package init(_ text: String) throws {
    var parser = PatternParser(text)
    elements = try parser.elements()
    self.text = text
    try checkFields()
  }

  /// Whether the pattern's names lie in folders below the root.
  package var crossesFolders: Bool { depth > 0 }

  /// How many folders deep the names may lie: 0 for names in the root itself.
  package var depth: Int { elements.contains(.stars) ? Self.deepest : text.utf8.count { $0 == UInt8(ascii: "/") } }

  /// As deep as `**` looks.
  private static let deepest = 16

  /// The text that every name which fits begins with; empty when the pattern begins with a field or a wildcard.
  package var literalPrefix: String {
    var bytes: [UInt8] = []
    for case .literal(let byte) in elements.prefix(while: { if case .literal = $0 { true } else { false } }) { bytes.append(byte) }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Whether the pattern says anything beyond `*` and `?`.
  var saysSomething: Bool {
    elements.contains { $0 != .star && $0 != .stars && $0 != .any }
  }

  /// Whether the pattern carries a time.
  package var hasTime: Bool { !fields.isEmpty }

  private var fields: Set<TimeField> {
    Set(elements.compactMap { if case .field(let field) = $0, field.saysTime { field } else { nil } })
  }

  private func checkFields() throws {
    let fields = self.fields
    guard !fields.isEmpty, !fields.contains(.epoch) else { return }
    let hasYear = fields.contains(.year) || fields.contains(.shortYear)
    let hasMonth = fields.contains(.month) || fields.contains(.monthName) || fields.contains(.monthWord)
    guard hasYear, hasMonth || fields.contains(.dayOfYear) else {
      throw Fault(
        .configuration, "The pattern \(text) has fields of a time but not a whole date",
        advice: "Give year and month (and day) with %Y, %m and %d, or write ? or * for digits that do not tell the time")
    }
    if fields.contains(.hour12) != fields.contains(.meridiem) {
      throw Fault(.configuration, "The pattern \(text) has one of %I and %p", advice: "Use both, or %H for hours from 00 to 23")
    }
    let hasHour = fields.contains(.hour) || fields.contains(.hour12)
    let isSplit = (fields.contains(.minute) && !hasHour) || (fields.contains(.second) && !fields.contains(.minute))
    if isSplit || (fields.contains(.fraction) && !fields.contains(.second)) {
      throw Fault(
        .configuration, "The pattern \(text) leaves out a part of the time of day", advice: "A field needs the larger ones beside it")
    }
    if hasHour, !fields.contains(.day), !fields.contains(.dayOfYear) {
      throw Fault(.configuration, "The pattern \(text) has a time of day but no day", advice: "Add %d, or %j for the day of the year")
    }
  }
}

/// One step of a compiled pattern.
enum PatternElement: Sendable, Hashable {
  case literal(UInt8)
  /// Any one character but `/`.
  case any
  /// Any number of characters but `/`.
  case star
  /// Any number of characters, `/` too.
  case stars
  case oneOf([ClosedRange<UInt32>], negated: Bool)
  case field(TimeField)
}

/// A part of a time that a name can carry.
enum TimeField: Sendable, Hashable {
  case year, shortYear, month, monthName, monthWord, day, dayOfYear, hour, hour12, meridiem, minute, second, fraction, epoch, offset
  case weekdayName, weekdayWord

  var saysTime: Bool { self != .weekdayName && self != .weekdayWord && self != .offset }
}
