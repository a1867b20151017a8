import DrillModel
import Foundation
import Selecting

/// The common part of `backup`; a source's own keys stand beside it.
struct BackupOptions: Sendable {
  var location: BackupLocation?
  var match: String?
  var nameTimezone = "UTC"
  var headerTimezone: String?
  var trustModifiedTime = false
  var duration: Duration?
  var select = Selection.latest
  var window: Duration?
  var settle: Duration?
  var clockSkew: Duration?

  /// The rules with what the top of the file says where `backup` says nothing.
  func rules(duration outerDuration: Duration?, clockSkew outerSkew: Duration?) -> SelectionRules {
    var rules = SelectionRules()
    rules.match = match
    rules.nameTimezone = nameTimezone
    rules.headerTimezone = headerTimezone
    rules.trustModifiedTime = trustModifiedTime
    rules.duration = duration ?? outerDuration ?? rules.duration
    rules.select = select
    rules.window = window ?? rules.window
    rules.settle = settle ?? rules.settle
    rules.clockSkew = clockSkew ?? outerSkew ?? rules.clockSkew
    return rules
  }
}

let clockSkewText = "How far in the future a recovery point's time may lie; up to this it counts as age zero."
let durationText = "How long a backup takes; subtracted where the time known is the backup's end."

let backupKeys = Section<BackupOptions>([
  Key("from", \.location, .backupLocation, required: true, "Where the backups lie: a directory or one file (a path or file://), or a URI."),
  Key(
    "match", \.match, .namePattern, default: "every file but sidecars and temporary names",
    "A pattern of names: strftime fields are the recovery point's time, * and ? as in a shell."),
  Key("name-timezone", \.nameTimezone, .timezone, default: "UTC", "The time zone of the time in a name."),
  Key(
    "header-timezone", \.headerTimezone, .timezone,
    "The time zone of a time inside the backup that carries none; without it such a time only cross-checks the name."),
  Key(
    "trust-modified-time", \.trustModifiedTime, .boolean, default: "false",
    "Whether the store's modification time may be the recovery point's time (copying resets it)."),
  Key("duration", \.duration, .duration, default: "0", durationText),
  Key("select", \.select, .selection, default: "latest", "Which recovery point is restored."),
  Key("window", \.window, .positiveDuration, default: "30d", "How far back the worst gap looks; never limits what can be selected."),
  Key("settle", \.settle, .duration, default: "1h", "Files younger than this may still be arriving."),
  Key("clock-skew", \.clockSkew, .duration, default: "5m", clockSkewText),
])

/// The common part of `backup.logs`; a source's own keys stand beside it as they do in `backup`.
let logKeys = Section<BackupOptions>([
  Key(
    "from", \.location, .backupLocation, required: true,
    "Where the logs lie: a directory (a path or file://), or a URI, with the keys of that source beside it.")
])

let logsText = "A second place, with what rolls a recovery point forward: archived write-ahead log, binary logs."

extension ValueType where Value == Selection {
  /// `latest`, `{random-within: 30d}`, `{oldest-within: 90d}` or `{at: 2026-11-01T04:00:00Z}`.
  static var selection: ValueType<Selection> {
    let latest = ValueType<String>.choice(of: ["latest": "latest"], named: ["latest"]).map { _ in Selection.latest }
    let within = Section<Selection?>(
      [
        Key("random-within", .positiveDuration, "One at random among those at most this old.") { $1 = .randomWithin($0) },
        Key("oldest-within", .positiveDuration, "The oldest among those at most this old.") { $1 = .oldestWithin($0) },
        Key("at", .timestamp, "The newest at or before this time, which becomes the failure instant.") { $1 = .at($0) },
      ], rules: [.exactlyOne(["random-within", "oldest-within", "at"])])
    let mapping = ValueType<Selection?>.section(within, initial: nil).map { value, _, _ in value }
    let form = latest.or(mapping) { if case .mapping = $0.content { true } else { false } }
    return ValueType(summary: "`latest`, or a mapping", schema: form.schema, rows: mapping.rows, read: form.read)
  }
}

extension ValueType where Value == String {
  /// A pattern of artefact names.
  static var namePattern: ValueType<String> {
    ValueType(summary: "name pattern", schema: ["type": "string", "minLength": 1]) { node, diagnostics in
      guard let pattern = text(of: node, expected: "a name pattern such as \"orders_%Y%m%d.sql.gz\"", &diagnostics) else { return nil }
      if pattern.isEmpty { return diagnostics.expected("a name pattern", at: node) }
      do {
        _ = try NamePattern(pattern)
        return pattern
      } catch let fault as Fault {
        diagnostics.error(fault.message, at: node.place, suggestion: fault.advice)
      } catch {
        diagnostics.error("this name pattern cannot be used", at: node.place)
      }
      return nil
    }
  }
}

extension ValueType where Value == BackupLocation {
  /// A path, a `file://` URI (RFC 8089) or another URI, whose scheme chooses the source.
  static var backupLocation: ValueType<BackupLocation> {
    ValueType(summary: "path or URI", schema: ["type": "string", "pattern": .string(locationPattern)]) { node, diagnostics in
      if let written = node.scalar?.text, let (scheme, rest) = splitOpaque(written) {
        guard !rest.isEmpty else {
          diagnostics.error("nothing stands after \(scheme):", at: node.place, suggestion: "write \(scheme):NAME")
          return nil
        }
        return BackupLocation(text: written, scheme: scheme, rest: rest)
      }
      guard let written = node.scalar?.text, let (scheme, rest) = splitURI(written) else {
        return ValueType<String>.path.read(node, &diagnostics).map {
          BackupLocation(text: node.scalar?.text ?? $0, scheme: "file", rest: $0)
        }
      }
      if scheme != "file" { return BackupLocation(text: written, scheme: scheme, rest: rest) }
      guard let path = localPath(rest) else {
        diagnostics.error(
          "expected a file URI with an absolute path on this machine such as file:///backups, found \(node.found)", at: node.place)
        return nil
      }
      return BackupLocation(text: written, scheme: scheme, rest: path)
    }
  }

  /// Anything but a home directory, and an opaque scheme alone.
  private static var locationPattern: String {
    let schemes = BackupLocation.opaqueSchemes.map { $0.map { "[\($0)\($0.uppercased())]" }.joined() }.joined(separator: "|")
    return "^(?!~(/|$))(?!(\(schemes)):$)[\\s\\S]+$"
  }

  private static func localPath(_ rest: String) -> String? {
    let path = rest.hasPrefix("localhost/") ? String(rest.dropFirst("localhost".count)) : rest
    guard path.hasPrefix("/"), let decoded = path.removingPercentEncoding, !decoded.contains("\0") else { return nil }
    return decoded
  }
}

/// A known opaque scheme in lower case and what follows its colon, or nil: a path may hold a colon as well.
func splitOpaque(_ text: String) -> (scheme: String, rest: String)? {
  guard let colon = text.firstIndex(of: ":") else { return nil }
  let (scheme, rest) = (text[..<colon].lowercased(), text[text.index(after: colon)...])
  guard BackupLocation.opaqueSchemes.contains(scheme), !rest.hasPrefix("//") else { return nil }
  return (scheme, String(rest))
}

/// The scheme in lower case and what follows `://` (RFC 3986 section 3.1), or nil for what is no such URI.
func splitURI(_ text: String) -> (scheme: String, rest: String)? {
  guard let separator = text.firstRange(of: "://") else { return nil }
  let scheme = text[..<separator.lowerBound].lowercased()
  let isLetter = { (byte: UInt8) in byte >= 97 && byte <= 122 }
  guard let first = scheme.utf8.first, isLetter(first),
    scheme.utf8.allSatisfy({ isLetter($0) || ($0 >= 48 && $0 <= 57) || [43, 45, 46].contains($0) })
  else { return nil }
  return (scheme, String(text[separator.upperBound...]))
}
