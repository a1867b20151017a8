import DrillModel

/// What the name of a file of etcd-backup-restore says (pkg/types/snapstore.go, pkg/snapstore/snapshot.go):
/// `Full-00000000-00000007-1795253850.gz`, `Incr-00000008-00000012-1795253854.gz`.
struct SnapshotName: Sendable, Hashable {
  enum Kind: String, Sendable {
    case full = "Full"
    case delta = "Incr"
  }

  var kind: Kind
  /// The first revision inside; 0 for a full snapshot.
  var start: Int64
  /// The last revision inside; that of a full snapshot was read just before it was taken, so its content may be ahead.
  var last: Int64
  /// When it was taken, from the clock of the tool.
  var taken: Timestamp
  /// The folder of the store, without `v1/Backup-…` and `v2`: what lies in different ones belongs to different clusters.
  var store: String
  /// Whether it is a part of a large upload, which restoring passes over.
  var isChunk: Bool

  /// Reads a path relative to the listing's root; nil for anything that the tool itself would ignore.
  init?(_ path: String) {
    var parts = path.split(separator: "/", omittingEmptySubsequences: false)[...]
    guard let named = parts.lastIndex(where: { $0.hasPrefix("Full-") || $0.hasPrefix("Incr-") }), parts.count - named <= 2 else {
      return nil
    }
    isChunk = parts.count - named == 2
    let fields = parts[named].split(separator: "-", omittingEmptySubsequences: false)
    guard fields.count == 4, let kind = Kind(rawValue: String(fields[0])), let start = Self.number(fields[1]),
      let last = Self.number(fields[2]), start <= last
    else { return nil }
    let ending = fields[3].split(separator: ".", omittingEmptySubsequences: false)
    guard let seconds = Self.number(ending[0]), seconds < 1 << 40, Self.suffixes.contains(ending.dropFirst().joined(separator: ".")) else {
      return nil
    }
    (self.kind, self.start, self.last, taken) = (kind, start, last, Timestamp(seconds: seconds))
    parts = parts[..<named]
    if let folder = parts.last, folder.hasPrefix("Backup-"), folder.dropFirst(7).allSatisfy(\.isNumber) { parts.removeLast() }
    if parts.last == "v1" || parts.last == "v2" { parts.removeLast() }
    store = parts.joined(separator: "/")
  }

  /// The tool's own order: a full snapshot of a revision comes after deltas that end there, if it is younger (`SnapList.Less`).
  static func isBefore(_ one: SnapshotName, _ other: SnapshotName) -> Bool {
    (one.last, one.isChunk ? 1 : 0, one.taken, one.kind == .full ? 0 : 1) < (
      other.last, other.isChunk ? 1 : 0, other.taken, other.kind == .full ? 0 : 1
    )
  }

  private static let suffixes: Set<String> = ["", "gz", "zlib", "Z", "final", "gz.final", "zlib.final", "Z.final"]

  private static func number(_ text: Substring) -> Int64? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
    return Int64(text)
  }
}
