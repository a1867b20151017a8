import Digesting
package import DrillModel
import HTTPTransport

/// One object as a listing shows it.
package struct S3Listed: Sendable, Hashable {
  package let key: String
  package let bytes: Int64
  package let modified: Timestamp?
  /// Without its quotation marks.
  package let etag: String
  package let archive: S3Archive?
}

/// Why an object's bytes cannot be had at once.
package struct S3Archive: Sendable, Hashable, CustomStringConvertible {
  /// `GLACIER`, `DEEP_ARCHIVE`, or a tier of `INTELLIGENT_TIERING`.
  package let place: String
  /// Somebody has asked for it back.
  package let isOnItsWay: Bool

  /// Nil for a class that can be read, and for an archived object whose copy is there.
  init?(storageClass: String?, archiveStatus: String? = nil, isRestored: Bool, isOnItsWay: Bool) {
    let archived: Set<String> = ["GLACIER", "DEEP_ARCHIVE"]
    guard !isRestored, let place = archiveStatus ?? storageClass.flatMap({ archived.contains($0) ? $0 : nil }) else { return nil }
    self.place = InertText.line(place, limit: 40)
    self.isOnItsWay = isOnItsWay
  }

  package var description: String { "archived in \(place): \(hint)" }

  /// What to do about it.
  package var hint: String {
    isOnItsWay
      ? "its restore has been asked for and is not done"
      : "ask for it with `aws s3api restore-object`, which takes minutes to two days, or keep the newest backups in another class"
  }
}

/// A checksum that a store keeps of an object.
package struct S3Checksum: Sendable, Hashable {
  package enum Algorithm: String, Sendable, Hashable, CaseIterable {
    case sha256, sha1, crc64nvme, crc32c, crc32, md5

    /// For people: `CRC64NVME`.
    package var title: String {
      switch self {
      case .sha256: "SHA-256"
      case .sha1: "SHA-1"
      case .crc64nvme, .crc32c, .crc32, .md5: rawValue.uppercased()
      }
    }
  }

  package let algorithm: Algorithm
  package let digest: [UInt8]
  /// How many parts it was made of: it is then the digest of their digests. Nil for one over all bytes.
  package let parts: Int?
}

/// What a store says of one object.
package struct S3Object: Sendable, Hashable {
  package let key: String
  /// Its id where it is not the current one.
  package let version: String?
  package let bytes: Int64
  package let modified: Timestamp?
  /// With its quotation marks, as it is sent back.
  package let etag: String
  package let archive: S3Archive?
  /// What can be compared with its bytes, the best first.
  package let checksums: [S3Checksum]

  init?(key: String, version: String? = nil, _ headers: [HTTPHeader]) {
    guard let bytes = headers.first("Content-Length").flatMap({ Int64($0) }), bytes >= 0, let etag = headers.first("ETag"),
      etag.utf8.count <= 200
    else { return nil }
    self.key = key
    self.version = version
    self.bytes = bytes
    self.etag = etag
    modified = headers.first("Last-Modified").flatMap { HTTPDate.parse($0) }
    let restore = headers.first("x-amz-restore") ?? ""
    archive = S3Archive(
      storageClass: headers.first("x-amz-storage-class"), archiveStatus: headers.first("x-amz-archive-status"),
      isRestored: restore.contains("ongoing-request=\"false\""), isOnItsWay: restore.contains("ongoing-request=\"true\""))
    checksums = S3Object.checksums(headers, etag: etag)
  }

  private static func checksums(_ headers: [HTTPHeader], etag: String) -> [S3Checksum] {
    var found: [S3Checksum] = []
    for algorithm in S3Checksum.Algorithm.allCases where algorithm != .md5 {
      guard let value = headers.first("x-amz-checksum-\(algorithm.rawValue)") else { continue }
      let halves = value.split(separator: "-", maxSplits: 1)
      guard let first = halves.first, let digest = Base64.decode(first) else { continue }
      let parts = halves.count == 2 ? Int(halves[1]) : nil
      if halves.count == 1 || parts != nil { found.append(S3Checksum(algorithm: algorithm, digest: digest, parts: parts)) }
    }
    if let digest = md5(etag, headers) { found.append(digest) }
    // One over all bytes needs nothing but them.
    return found.filter { $0.parts == nil } + found.filter { $0.parts != nil }
  }

  /// The ETag where it is an MD5 (S3 User Guide, "Checking object integrity": not with SSE-KMS, DSSE or SSE-C, nor in directory
  /// buckets, whose ETags have another form).
  private static func md5(_ etag: String, _ headers: [HTTPHeader]) -> S3Checksum? {
    let encryption = headers.first("x-amz-server-side-encryption") ?? ""
    guard !encryption.hasPrefix("aws:"), headers.first("x-amz-server-side-encryption-customer-algorithm") == nil,
      headers.first("x-amz-storage-class") != "EXPRESS_ONEZONE"
    else { return nil }
    let halves = etag.filter { $0 != "\"" }.split(separator: "-", maxSplits: 1)
    guard !etag.hasPrefix("W/"), let first = halves.first, first.utf8.count == 32, let digest = Hexadecimal.decode(first.lowercased())
    else { return nil }
    let parts = halves.count == 2 ? Int(halves[1]) : nil
    guard halves.count == 1 || parts != nil else { return nil }
    return S3Checksum(algorithm: .md5, digest: digest, parts: parts)
  }
}
