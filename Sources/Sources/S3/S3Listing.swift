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
    // Of the keys that begin so, the key itself is the first, and its checksum is near.
    let page = try client.page(prefix: key, after: nil, isFlat: true)
    guard let object = page.objects.first, object.key.isSameKey(as: key) else { return false }
    for other in page.objects where ChecksumText.suffixes.contains(where: { other.key.isSameKey(as: key + $0) }) {
      sidecars.insert(source.bucket.location(of: other.key))
    }
    if let artefact = artefact(object, name: name) { try receive(artefact) }
    return true
  }

  private func list(
    _ root: String, beginning: String, _ sidecars: inout Set<String>, _ receive: (Artefact) throws -> Void
  ) throws {
    let isFlat = (source.match?.depth ?? 0) > 0
    var token: String?
    repeat {
      let page = try client.page(prefix: root + beginning, after: token, isFlat: isFlat)
      if let next = page.next, next == token {
        throw Fault(
          .sourceUnreachable, "The listing of \(source.location) does not come to an end: the store gives the same page again",
          advice: "Look at the endpoint, and at proxies in between")
      }
      token = page.next
      for object in page.objects {
        guard let name = object.key.name(below: root) else { continue }
        // What consoles make in place of a folder.
        if name.isEmpty || (name.hasSuffix("/") && object.bytes == 0) { continue }
        if ChecksumText.suffixes.contains(where: { name.hasSuffix($0) }) { sidecars.insert(source.bucket.location(of: object.key)) }
        if let artefact = artefact(object, name: name) { try receive(artefact) }
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
    } while token != nil
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
