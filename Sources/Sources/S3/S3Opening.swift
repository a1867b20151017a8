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
  /// to be of one size but for the last, as every uploader makes them, when the first one's size gives as many as there are. Of a store
  /// that does not tell sizes the usual one is tried: a match is proof, and anything else proves nothing.
  private static func comparison(of object: S3Object, _ client: S3Client) throws -> Comparison? {
    guard object.bytes > 0, let best = object.checksums.first else { return nil }
    guard let parts = best.parts else { return Comparison(checksum: best, partBytes: nil) }
    guard parts > 0 else { return nil }
    guard let size = try client.partSize(1, of: object), size > 0 else {
      return usualPartBytes(object.bytes, parts: parts).map { Comparison(checksum: best, partBytes: $0) }
    }
    return (object.bytes + size - 1) / size == Int64(parts) ? Comparison(checksum: best, partBytes: size) : nil
  }

  /// The size that an uploader most likely took, where so many parts make up so many bytes: a power of two in MiB, as AWS's own tools
  /// take, else a multiple of five, as rclone and s3cmd do, else any number. Nil where none fits.
  static func usualPartBytes(_ bytes: Int64, parts: Int) -> Int64? {
    func fits(_ size: Int64) -> Bool { (bytes + size - 1) / size == Int64(parts) }
    let mebi: Int64 = 1 << 20
    let least = max(1, (bytes / Int64(parts)) / mebi)
    let some = (least...least + 64).map { $0 * mebi }
    return (0...13).map { mebi << $0 }.first(where: fits) ?? some.first { $0 % (5 * mebi) == 0 && fits($0) } ?? some.first(where: fits)
  }
}
