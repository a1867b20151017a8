import AWSSigning
import DrillModel
import HTTPTransport

/// Up to a thousand entries of a bucket (S3 API Reference, `ListObjectsV2`).
package struct S3Page: Sendable {
  package let objects: [S3Listed]
  /// Beginnings that keys have in common up to the next `/`, that included.
  package let folders: [String]
  /// Keys that are no text, as they came.
  package let unreadable: [String]
  /// Asks for what follows; nil on the last page.
  package let next: String?

  /// Nil for what is not an answer to a listing.
  init?(_ body: [UInt8]) {
    guard let root = XMLReader.read(body), root.name == "ListBucketResult" else { return nil }
    let isEncoded = root.text("EncodingType")?.lowercased() == "url"
    var objects: [S3Listed] = []
    var folders: [String] = []
    var unreadable: [String] = []
    for entry in root.children {
      switch entry.name {
      case "Contents":
        let written = entry["Key"]?.text ?? ""
        guard let key = isEncoded ? S3Page.decoded(written) : written else {
          unreadable.append(written)
          continue
        }
        guard let object = S3Listed(key: key, entry) else { return nil }
        objects.append(object)
      case "CommonPrefixes":
        let written = entry["Prefix"]?.text ?? ""
        if let prefix = isEncoded ? S3Page.decoded(written) : written { folders.append(prefix) } else { unreadable.append(written) }
      default: continue
      }
    }
    self.objects = objects
    self.folders = folders
    self.unreadable = unreadable
    let isCut = root.text("IsTruncated") == "true"
    let token = root.text("NextContinuationToken").flatMap { $0.isEmpty ? nil : $0 }
    // A page that says there is more and not where would hide backups.
    if isCut, token == nil { return nil }
    next = isCut ? token : nil
  }

  /// A key as `encoding-type=url` writes it, a blank as a plus; nil for bytes that are no text.
  static func decoded(_ text: String) -> String? {
    String(validating: PercentEncoding.decode(text.replacing("+", with: " ")), as: UTF8.self)
  }
}

extension S3Listed {
  /// - Parameter isEmpty: For an entry that holds nothing, and so has no size.
  init?(key: String, _ entry: XMLElement, isEmpty: Bool = false) {
    guard let bytes = isEmpty ? 0 : entry.text("Size").flatMap({ Int64($0) }), bytes >= 0 else { return nil }
    self.key = key
    self.bytes = bytes
    modified = entry.text("LastModified").flatMap { Timestamp(rfc3339: $0) }
    etag = (entry.text("ETag") ?? "").filter { $0 != "\"" }
    archive = S3Archive(
      storageClass: entry.text("StorageClass"), isRestored: entry.text("RestoreStatus", "RestoreExpiryDate") != nil,
      isOnItsWay: entry.text("RestoreStatus", "IsRestoreInProgress") == "true")
  }
}
