import AWSClient
import DrillModel
import Selecting

/// Reads a bucket page by page and hands each artefact on, keeping none.
struct S3Listing {
  let source: S3Source
  let client: S3Client

  /// Whether the pattern says what keys begin with, so that most strangers need not be listed.
  var isNarrowing: Bool { source.name == nil && !(source.match?.literalPrefix.isEmpty ?? true) }

  /// - Parameters:
  ///   - narrowed: Lists only keys that begin as the pattern does.
  ///   - sidecars: Gains the locations of checksum files.
  func run(narrowed: Bool, sidecars: inout Set<String>, _ receive: (Artefact) throws -> Void) throws {
    guard let name = source.name else {
      return try list(source.prefix, beginning: narrowed ? source.match?.literalPrefix ?? "" : "", &sidecars, receive)
    }
    if try !single(name, &sidecars, receive) { try list(source.prefix + name + "/", beginning: "", &sidecars, receive) }
  }

  /// Hands on the one object of that name; false when there is none.
  private func single(_ name: String, _ sidecars: inout Set<String>, _ receive: (Artefact) throws -> Void) throws -> Bool {
    let key = source.prefix + name
    var isThere = false
    // Of the keys that begin so, the key itself is the first, and its checksum is near.
    try pages(key, isFlat: true) { page in
      for entry in page.entries where entry.key.isSameKey(as: key) {
        isThere = true
        if let artefact = entry.artefact(name) { try receive(artefact) }
      }
      for entry in page.entries where ChecksumText.suffixes.contains(where: { entry.key.isSameKey(as: key + $0) }) {
        sidecars.insert(source.bucket.location(of: entry.key))
      }
      // More versions of the key may follow, and nothing else that matters.
      return source.versions == .all && page.entries.last?.key.isSameKey(as: key) == true
    }
    return isThere
  }

  private func list(
    _ root: String, beginning: String, _ sidecars: inout Set<String>, _ receive: (Artefact) throws -> Void
  ) throws {
    try pages(root + beginning, isFlat: (source.match?.depth ?? 0) > 0) { page in
      for entry in page.entries {
        guard let name = entry.key.name(below: root) else { continue }
        // What consoles make in place of a folder.
        if name.isEmpty || (name.hasSuffix("/") && entry.bytes == 0) { continue }
        if entry.isCurrent, isSidecar(name) { sidecars.insert(source.bucket.location(of: entry.key)) }
        if let artefact = entry.artefact(name) { try receive(artefact) }
      }
      for folder in page.folders {
        guard let name = folder.name(below: root)?.dropLast(), !name.isEmpty else { continue }
        try receive(
          Artefact(location: source.bucket.location(of: folder), name: String(name), kind: .directory, bytes: nil, modified: nil))
      }
      for key in page.unreadable {
        try receive(
          Artefact(location: source.bucket.location(of: key), name: key, kind: .other("key that is no text"), bytes: nil, modified: nil))
      }
      return true
    }
  }

  /// Whether a name is that of a checksum beside what the pattern takes. Those of strangers would add up in a large bucket.
  private func isSidecar(_ name: String) -> Bool {
    guard let suffix = ChecksumText.suffixes.first(where: { name.hasSuffix($0) }) else { return false }
    guard let match = source.match else { return true }
    return match.match(String(name.dropLast(suffix.count))) != nil
  }

  // MARK: Pages

  /// A page of objects, or of versions, which differ in what an entry is as an artefact.
  private struct Page {
    var entries: [Entry]
    var folders: [String]
    var unreadable: [String]
  }

  private struct Entry {
    var key: String
    var bytes: Int64
    var isCurrent: Bool
    /// What it is under a name; nil when it is nothing to restore.
    var artefact: (_ name: String) -> Artefact?
  }

  /// Hands on page after page until there is none, or `body` wants no more. Of the places where pages ended their hashes are kept, eight
  /// bytes for a thousand keys, so that a store that leads round in a circle is found out.
  private func pages(_ prefix: String, isFlat: Bool, _ body: (Page) throws -> Bool) throws {
    if source.versions == .all { return try versionPages(prefix, isFlat: isFlat, body) }
    var token: String?
    var seen = Set<Int>()
    repeat {
      let page = try client.page(prefix: prefix, after: token, isFlat: isFlat)
      if let next = page.next, !seen.insert(next.hashValue).inserted { throw endless }
      token = page.next
      let entries = page.objects.map { object in
        Entry(key: object.key, bytes: object.bytes, isCurrent: true) { self.artefact(object, name: $0) }
      }
      guard try body(Page(entries: entries, folders: page.folders, unreadable: page.unreadable)) else { return }
    } while token != nil
  }

  private func versionPages(_ prefix: String, isFlat: Bool, _ body: (Page) throws -> Bool) throws {
    var judge = S3VersionJudge()
    var place: S3VersionPage.Place?
    var seen = Set<Int>()
    repeat {
      let page = try client.versions(prefix: prefix, after: place, isFlat: isFlat)
      if let next = page.next, !seen.insert(next.hashValue).inserted { throw endless }
      place = page.next
      let entries = zip(page.entries, judge.take(page)).map { entry, judged in
        Entry(key: entry.object.key, bytes: entry.isDeleteMarker ? 1 : entry.object.bytes, isCurrent: judged == .current) { name in
          self.artefact(entry.object, name: name).flatMap { judged.applied(to: $0) }
        }
      }
      guard try body(Page(entries: entries, folders: page.folders, unreadable: page.unreadable)) else { return }
    } while place != nil
  }

  private var endless: Fault {
    Fault(
      .sourceUnreachable, "The listing of \(source.location) does not come to an end: the store leads to the same page again",
      advice: "Look at the endpoint, and at proxies in between")
  }

  /// Nil for one that is left out.
  private func artefact(_ object: S3Listed, name: String) -> Artefact? {
    var artefact = Artefact(
      location: source.bucket.location(of: object.key), name: name, bytes: object.bytes, modified: object.modified)
    guard let archive = object.archive else { return artefact }
    if source.archived == .leaveOut { return nil }
    artefact.obstacle = "\(archive)"
    return artefact
  }
}

extension Artefact {
  /// Remembers where the checksum file lies that was listed beside it.
  mutating func noteSidecar(among sidecars: Set<String>) {
    guard kind == .file, !sidecars.isEmpty else { return }
    checksumLocation = ChecksumText.suffixes.map { location + $0 }.first { sidecars.contains($0) }
  }
}

extension String {
  /// Two keys are the same byte by byte; text that merely looks the same is another key.
  func isSameKey(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }

  /// What follows `root`, which the key begins with; nil for one that does not.
  func name(below root: String) -> String? {
    utf8.starts(with: root.utf8) ? String(self[utf8.index(startIndex, offsetBy: root.utf8.count)...]) : nil
  }
}
