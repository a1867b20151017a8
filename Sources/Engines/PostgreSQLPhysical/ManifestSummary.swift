import DrillModel
import Foundation

/// What the end of a `backup_manifest` says of the log that the backup needs (PostgreSQL manual, "Backup Manifest Format").
struct ManifestSummary: Sendable, Hashable {
  struct Range: Sendable, Hashable {
    var timeline: UInt32
    var start: LogPosition
    var end: LogPosition
  }

  var ranges: [Range]

  /// The ranges stand at the end, behind a line for each file.
  private static let tailBytes: UInt64 = 64 << 10

  /// Nil where there is no manifest, or none that ends as it should.
  init?(at path: String) {
    guard let file = FileHandle(forReadingAtPath: path) else { return nil }
    defer { try? file.close() }
    guard let size = try? file.seekToEnd() else { return nil }
    try? file.seek(toOffset: size > ManifestSummary.tailBytes ? size - ManifestSummary.tailBytes : 0)
    guard let data = try? file.readToEnd() else { return nil }
    let text = String(decoding: data, as: UTF8.self)
    guard let start = text.range(of: "\"WAL-Ranges\"") else { return nil }
    let pattern = /"Timeline":\s*(\d+),\s*"Start-LSN":\s*"([0-9A-Fa-f\/]+)",\s*"End-LSN":\s*"([0-9A-Fa-f\/]+)"/
    ranges = text[start.lowerBound...].matches(of: pattern).compactMap { match in
      guard let timeline = UInt32(match.1), let start = LogPosition(match.2), let end = LogPosition(match.3) else { return nil }
      return Range(timeline: timeline, start: start, end: end)
    }
    if ranges.isEmpty { return nil }
  }

  /// Where the backup is consistent.
  var end: LogPosition? { ranges.map(\.end).max() }
}
