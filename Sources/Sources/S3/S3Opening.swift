import AWSClient
import DrillModel
import Selecting

/// What must be known of an object before its first byte is fetched.
struct S3Opening: Sendable {
  let object: S3Object
  /// Of the object that lies beside it as its checksum file.
  let expectedSHA256: String?
  /// What its bytes are compared with; nil when there is nothing.
  let comparison: Comparison?

  struct Comparison: Sendable {
    let checksum: S3Checksum
    /// Of each part but the last, for a checksum that is over parts.
    let partBytes: Int64?
  }

  init(key: String, artefact: Artefact, source: S3Source, client: S3Client) throws {
    object = try client.describe(key, version: S3VersionJudge.version(in: artefact.location, of: source.bucket.location(of: key)))
    if let archive = object.archive {
      throw Fault(.backupUnreadable, "\(artefact.location) is archived in \(archive.place)", advice: archive.hint)
    }
    expectedSHA256 = try S3Opening.sidecar(of: artefact, key: key, client)
    comparison = try S3Opening.comparison(of: object, client)
  }

  private static func sidecar(of artefact: Artefact, key: String, _ client: S3Client) throws -> String? {
    guard let location = artefact.checksumLocation, let suffix = ChecksumText.suffixes.first(where: { location.hasSuffix($0) }) else {
      return nil
    }
    let bytes = try client.contents(of: key + suffix, limit: ChecksumText.byteLimit)
    switch ChecksumText.parse(bytes, for: artefact.name, file: artefact.name + suffix) {
    case .none: return nil
    case .sha256(let digits): return digits
    case .unusable(let problem):
      throw Fault(.backupUnreadable, "\(artefact.location) cannot be verified: \(problem)", advice: "Mend or remove the checksum file")
    }
  }

  /// The best checksum that can be computed from the bytes as they come. One over parts needs to know where they begin: they are taken
  /// to be of one size but for the last, as every uploader makes them, when the first one's size gives as many as there are.
  private static func comparison(of object: S3Object, _ client: S3Client) throws -> Comparison? {
    guard object.bytes > 0, let best = object.checksums.first else { return nil }
    guard let parts = best.parts else { return Comparison(checksum: best, partBytes: nil) }
    guard parts > 0, let size = try client.partSize(1, of: object), size > 0 else { return nil }
    return (object.bytes + size - 1) / size == Int64(parts) ? Comparison(checksum: best, partBytes: size) : nil
  }
}
