import AWSSigning
import DrillModel

/// Up to a thousand versions of a bucket's objects (S3 API Reference, `ListObjectVersions`). Those of a key come together, the newest first.
package struct S3VersionPage: Sendable {
  package let entries: [Entry]
  /// Beginnings that keys have in common up to the next `/`, that included.
  package let folders: [String]
  /// Keys that are no text, as they came.
  package let unreadable: [String]
  /// Asks for what follows; nil on the last page.
  package let next: Place?

  package struct Entry: Sendable {
    package let object: S3Listed
    /// Its id; `null` for what was written while the bucket kept no versions.
    package let version: String
    /// Whether it is what the key stands for now.
    package let isLatest: Bool
    /// Whether it says that the object was deleted, and holds nothing itself.
    package let isDeleteMarker: Bool
  }

  /// Where a page ended.
  package struct Place: Sendable, Hashable {
    package let key: String
    package let version: String?
  }

  /// Nil for what is not an answer to such a listing.
  init?(_ body: [UInt8]) {
    guard let root = XMLReader.read(body), root.name == "ListVersionsResult" else { return nil }
    let isEncoded = root.text("EncodingType")?.lowercased() == "url"
    func plain(_ text: String) -> String? { isEncoded ? S3Page.decoded(text) : text }
    var entries: [Entry] = []
    var folders: [String] = []
    var unreadable: [String] = []
    for element in root.children {
      switch element.name {
      case "Version", "DeleteMarker":
        let written = element["Key"]?.text ?? ""
        guard let key = plain(written) else {
          unreadable.append(written)
          continue
        }
        let isMarker = element.name == "DeleteMarker"
        guard let object = S3Listed(key: key, element, isEmpty: isMarker), let version = element.text("VersionId"), !version.isEmpty,
          version.utf8.count <= 1024
        else { return nil }
        entries.append(
          Entry(object: object, version: version, isLatest: element.text("IsLatest") == "true", isDeleteMarker: isMarker))
      case "CommonPrefixes":
        let written = element["Prefix"]?.text ?? ""
        if let prefix = plain(written) { folders.append(prefix) } else { unreadable.append(written) }
      default: continue
      }
    }
    self.entries = entries
    self.folders = folders
    self.unreadable = unreadable
    guard root.text("IsTruncated") == "true" else {
      next = nil
      return
    }
    // A page that says there is more and not where would hide backups.
    guard let marker = root["NextKeyMarker"]?.text, !marker.isEmpty, let key = plain(marker) else { return nil }
    next = Place(key: key, version: root.text("NextVersionIdMarker").flatMap { $0.isEmpty ? nil : $0 })
  }
}
