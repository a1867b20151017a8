import DrillModel

/// What differs between a manifest and a directory tree.
package struct ManifestComparison: Sendable {
  /// What can differ and can be allowed to.
  package enum Aspect: String, Sendable, CaseIterable {
    case missing, extra, kind, bytes, mode, owner
    case modified = "mtime"
    case target
  }

  /// Differences named; the rest is counted.
  package static let shown = 20

  package private(set) var counts: [Aspect: Int] = [:]
  /// The first differences, each a sentence.
  package private(set) var first: [String] = []
  package private(set) var entries = 0
  package private(set) var bytes: Int64 = 0

  package var total: Int { counts.values.reduce(0, +) }

  private let allowed: Set<Aspect>

  fileprivate init(allowed: Set<Aspect>) { self.allowed = allowed }

  fileprivate mutating func note(_ aspect: Aspect, _ path: [UInt8], _ detail: @autoclosure () -> String) {
    guard !allowed.contains(aspect) else { return }
    counts[aspect, default: 0] += 1
    guard first.count < Self.shown else { return }
    first.append("\(Manifest.escaped(path).prefix(300)): \(detail())")
  }

  fileprivate mutating func count(_ entry: Manifest.Entry) {
    entries += 1
    bytes += entry.size
  }
}

extension ManifestComparison {
  /// Compares the tree below `root` with the manifest file at `manifest`, hashing only files whose size is right. Blocks.
  ///
  /// - Parameters:
  ///   - allowed: What may differ.
  ///   - modes: Modes that the backup held for paths whose set-id bits were not restored, by escaped path.
  /// - Throws: `Fault`, or `CancellationError`.
  package static func compare(
    root: String, manifest: String, allowed: Set<Aspect> = [], modes: [String: UInt32] = [:],
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws -> ManifestComparison {
    let reader = try ManifestReader(path: manifest)
    var walker = try TreeWalker(root: root)
    let hasher = FileHasher(root: root, isCancelled: isCancelled)
    var comparison = ManifestComparison(allowed: allowed)
    var wanted = try reader.next()
    var found = try walker.next()
    var unread: [Manifest.Entry] = []
    while wanted != nil || found != nil {
      if let entry = wanted, found.map({ Manifest.precedes(entry.path, $0.path) }) ?? true {
        comparison.note(.missing, entry.path, "missing (a \(entry.kind.name))")
        wanted = try reader.next()
      } else if let entry = found, wanted.map({ Manifest.precedes(entry.path, $0.path) }) ?? true {
        comparison.note(.extra, entry.path, "not in the manifest (a \(entry.kind.name))")
        comparison.count(entry)
        found = try walker.next()
      } else if let old = wanted, var new = found {
        if !modes.isEmpty, let mode = modes[Manifest.escaped(new.path)] { new.mode = mode }
        comparison.count(new)
        if comparison.noteMetadata(old, new) { unread.append(old) }
        wanted = try reader.next()
        found = try walker.next()
      }
      if unread.count >= FileHasher.batch { try comparison.noteContents(&unread, hasher) }
      if isCancelled() { throw CancellationError() }
    }
    try comparison.noteContents(&unread, hasher)
    return comparison
  }

  /// Notes every difference but that of contents; whether those are to be compared.
  private mutating func noteMetadata(_ old: Manifest.Entry, _ new: Manifest.Entry) -> Bool {
    guard old.kind == new.kind else {
      note(.kind, old.path, "a \(new.kind.name) instead of a \(old.kind.name)")
      return false
    }
    if old.target != new.target {
      note(.target, old.path, "points to \(Manifest.escaped(new.target)) instead of \(Manifest.escaped(old.target))")
    }
    // A link's own mode means nothing on Linux.
    if old.mode != new.mode, old.kind != .link {
      note(.mode, old.path, "mode \(String(new.mode, radix: 8)) instead of \(String(old.mode, radix: 8))")
    }
    if old.uid != new.uid || old.gid != new.gid {
      note(.owner, old.path, "owner \(new.uid):\(new.gid) instead of \(old.uid):\(old.gid)")
    }
    if !Self.isSameTime(old, new) {
      note(
        .modified, old.path,
        "modified at \(Timestamp(seconds: new.seconds).readable) instead of \(Timestamp(seconds: old.seconds).readable)")
    }
    guard old.kind == .file else { return false }
    if old.size != new.size { note(.bytes, old.path, "\(new.size) bytes instead of \(old.size)") }
    return old.size == new.size && !allowed.contains(.bytes)
  }

  /// Most archives keep whole seconds, some a binary fraction that is right to less than a microsecond.
  private static func isSameTime(_ old: Manifest.Entry, _ new: Manifest.Entry) -> Bool {
    if old.seconds == new.seconds, old.nanoseconds == 0 || new.nanoseconds == 0 { return true }
    let (seconds, overflow) = old.seconds.subtractingReportingOverflow(new.seconds)
    guard !overflow, abs(seconds) <= 1 else { return false }
    return abs(seconds * 1_000_000_000 + old.nanoseconds - new.nanoseconds) < 1000
  }

  private mutating func noteContents(_ files: inout [Manifest.Entry], _ hasher: FileHasher) throws {
    let digests = try hasher.digests(of: files.map { ($0.path, $0.size) })
    for (old, digest) in zip(files, digests) where old.digest != digest {
      note(.bytes, old.path, "other bytes (the size is the same)")
    }
    files.removeAll(keepingCapacity: true)
  }
}
