package import DrillModel
import Foundation

/// Schema pattern of a duration. Units from large to small, each once; the upper limit of 100 years is beyond it.
private let durationPattern =
  "^(0|(?=.)(\\d+(\\.\\d+)?w)?(\\d+(\\.\\d+)?d)?(\\d+(\\.\\d+)?h)?(\\d+(\\.\\d+)?m)?(\\d+(\\.\\d+)?s)?(\\d+(\\.\\d+)?ms)?"
  + "|P(?=.)(\\d+(\\.\\d+)?W)?(\\d+(\\.\\d+)?D)?(T(?=.)(\\d+(\\.\\d+)?H)?(\\d+(\\.\\d+)?M)?(\\d+(\\.\\d+)?S)?)?)$"

private let timestampPattern =
  "^\\d{4}-\\d{2}-\\d{2}[Tt ]\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,18})?([Zz]|[+-]\\d{2}:\\d{2})$"

extension ValueType where Value == Duration {
  /// `90s`, `5m`, `1h30m`, `7d`, or ISO 8601 (`PT5M`); a bare number only when it is 0.
  package static var duration: ValueType<Duration> {
    duration(isZeroAllowed: true)
  }

  /// A duration longer than zero.
  package static var positiveDuration: ValueType<Duration> {
    duration(isZeroAllowed: false)
  }

  private static func duration(isZeroAllowed: Bool) -> ValueType<Duration> {
    let text: SchemaJSON = ["type": "string", "pattern": .string(durationPattern)]
    let schema: SchemaJSON = isZeroAllowed ? .anyOf([text, ["const": 0]]) : text
    return ValueType(summary: "duration", schema: schema) { node, diagnostics in
      let expected = "a duration such as 90s, 5m or 1h30m"
      guard let scalar = node.scalar, !scalar.isNull, let value = Duration(text: scalar.text) else {
        let digits = node.scalar?.text ?? ""
        let isBare = !digits.isEmpty && digits.utf8.allSatisfy { $0 >= 48 && $0 <= 57 }
        return diagnostics.expected(expected, at: node, suggestion: isBare ? "add a unit, as in \(digits.prefix(20))s" : nil)
      }
      if value == .zero, !isZeroAllowed { return diagnostics.expected("\(expected), longer than zero", at: node) }
      return value
    }
  }
}

extension ValueType where Value == Timestamp {
  /// RFC 3339 with an offset: `2026-11-01T04:00:00Z`, `2026-11-01T05:00:00+01:00`.
  package static var timestamp: ValueType<Timestamp> {
    ValueType(summary: "time", schema: ["type": "string", "pattern": .string(timestampPattern)]) { node, diagnostics in
      let expected = "a time with its offset such as 2026-11-01T04:00:00Z"
      guard let scalar = node.scalar, let value = Timestamp(rfc3339: scalar.text) else {
        let lacksOffset = node.scalar.map { Timestamp(rfc3339: $0.text + "Z") != nil } ?? false
        return diagnostics.expected(expected, at: node, suggestion: lacksOffset ? "add Z or an offset such as +01:00" : nil)
      }
      return value
    }
  }

  /// A time with its offset, or a date, which stands for the end of that day in UTC (the start of the next).
  package static var dateOrTimestamp: ValueType<Timestamp> {
    let pattern = "\(timestampPattern)|^\\d{4}-\\d{2}-\\d{2}$"
    return ValueType(summary: "date or time", schema: ["type": "string", "pattern": .string(pattern)]) { node, diagnostics in
      guard let scalar = node.scalar else { return diagnostics.expected("a date such as 2026-12-31, or a time with its offset", at: node) }
      if let time = Timestamp(rfc3339: scalar.text) { return time }
      if scalar.text.utf8.count == 10, let day = Timestamp(rfc3339: scalar.text + "T00:00:00Z") { return day + .seconds(86_400) }
      return diagnostics.expected("a date such as 2026-12-31, or a time with its offset", at: node)
    }
  }
}

extension ValueType where Value == String {
  /// An IANA time zone that exists on this machine: `Europe/Berlin`, `UTC`.
  package static var timezone: ValueType<String> {
    ValueType(summary: "time zone", schema: ["type": "string", "minLength": 1]) { node, diagnostics in
      let expected = "a time zone such as Europe/Berlin or UTC"
      guard let name = text(of: node, expected: expected, &diagnostics) else { return nil }
      if Zone(name) != nil { return name }
      let near = nearestName(to: name, among: TimeZone.knownTimeZoneIdentifiers + ["UTC"])
      return diagnostics.expected(expected, at: node, suggestion: near.map { "did you mean \($0)?" })
    }
  }
}
