/// A cron expression in Debian's dialect: five fields, or `@hourly`, `@daily`, `@midnight`, `@weekly`, `@monthly`, `@yearly`, `@annually`.
///
/// Fields take `*`, numbers, English three-letter names of months and days (any case, also in lists and ranges), ranges, lists and steps
/// (`5/15` counts from 5 to the field's end); a day field may also be `?`, which is `*`. Sunday is 0 or 7. When day of month and day of week are both restricted a day must match
/// either; as soon as one of them begins with `*` (so also `*/2`), both. Ranges that run backwards, dates that never come, a seconds
/// field and `@reboot` are refused. Source: crontab(5) and entry.c of Debian's cron 3.0pl1.
package struct CronExpression: Sendable, Hashable {
  /// The expression as it was written.
  package let text: String
  let minutes: CronField
  let hours: CronField
  let days: CronField
  let months: CronField
  let weekdays: CronField

  /// - Throws: `CronError` with the column.
  package init(_ text: String) throws(CronError) {
    self.text = text
    let words = try CronExpression.words(text)
    var fields: [CronField] = []
    for (word, kind) in zip(words, CronField.kinds) { fields.append(try CronField(word.text, kind: kind, column: word.column)) }
    minutes = fields[0]
    hours = fields[1]
    days = fields[2]
    months = fields[3]
    weekdays = fields[4]
    if !comesEver {
      throw CronError("there is never such a day: day of month and month do not go together", column: words[2].column)
    }
  }

  private static let shorthands = [
    "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
  ]

  private typealias Word = (text: Substring, column: Int)

  private static func words(_ text: String) throws(CronError) -> [Word] {
    var words = split(text)
    if let first = words.first, first.text.hasPrefix("@") {
      guard words.count == 1, let expansion = shorthands[first.text.lowercased()] else {
        let reboot = first.text.lowercased() == "@reboot" ? "@reboot names no time" : "“\(first.text.prefix(20))” is not a shorthand"
        throw CronError("\(reboot); use five fields or one of \(shorthands.keys.sorted().joined(separator: ", "))", column: first.column)
      }
      words = split(expansion)
    }
    guard words.count == 5 else {
      let place = words.count > 5 ? words[5].column : text.count + 1
      throw CronError(
        "five fields were expected (minute, hour, day of month, month, day of week), and there are \(words.count)", column: place)
    }
    return words
  }

  private static func split(_ text: String) -> [Word] {
    var words: [Word] = []
    var start: (index: String.Index, column: Int)?
    var column = 1
    for index in text.indices {
      let isBlank = text[index] == " " || text[index] == "\t"
      if isBlank, let word = start {
        words.append((text[word.index..<index], word.column))
        start = nil
      } else if !isBlank, start == nil {
        start = (index, column)
      }
      column += 1
    }
    if let word = start { words.append((text[word.index...], word.column)) }
    return words
  }

  /// Whether a job of this expression follows the wall clock through a change of daylight saving (cron's wildcard jobs), rather than
  /// running once for each time it names.
  var followsWallClock: Bool { minutes.startsWithStar || hours.startsWithStar }

  /// Whether days must match both day fields instead of either.
  var needsBothDays: Bool { days.startsWithStar || weekdays.startsWithStar }

  private var comesEver: Bool {
    if !needsBothDays { return true }
    let longest = [0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return months.values.contains { month in days.values.contains { $0 <= longest[month] } }
  }
}
