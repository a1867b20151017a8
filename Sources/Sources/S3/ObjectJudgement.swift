import AWSClient
import Digesting
import DrillModel
import HTTPTransport
import ToolRunner

/// Whether an object's bytes are those that its store keeps a checksum of.
struct ObjectJudgement {
  private let opening: S3Opening
  private let source: S3Source
  private let cancellation: Cancellation
  private var location: String { source.bucket.location(of: opening.object.key) }

  init(_ opening: S3Opening, source: S3Source, cancellation: Cancellation) {
    self.opening = opening
    self.source = source
    self.cancellation = cancellation
  }

  /// - Parameter digest: Over all bytes; nil when none was computed.
  /// - Throws: `Fault` with code `checksum_mismatch`.
  func report(_ digest: ObjectDigest?) throws -> StreamFeedReport {
    guard var digest, let comparison = opening.comparison else { return StreamFeedReport(notes: [unverified]) }
    let kind = comparison.checksum
    let found = digest.finish()
    if found == kind.digest { return StreamFeedReport(verifiedBy: title(kind)) }
    if let partBytes = comparison.partBytes, let parts = kind.parts, try !isEven(parts, partBytes) {
      return StreamFeedReport(
        notes: [
          "\(location) was uploaded in parts of different sizes, or of sizes that the store does not tell, so its \(title(kind)) could not be compared"
        ])
    }
    throw Fault(
      .checksumMismatch,
      "\(location) has the \(title(kind)) \(Hexadecimal.encode(found)), and the store keeps \(Hexadecimal.encode(kind.digest))",
      advice: "Its bytes changed in the store or on the way here: run the drill again, and look at the store if it says the same")
  }

  private func title(_ kind: S3Checksum) -> String {
    let name = kind.algorithm == .md5 ? "ETag (MD5)" : kind.algorithm.title
    return kind.parts.map { "\(name) of \($0) parts" } ?? name
  }

  private var unverified: String {
    let beside = opening.expectedSHA256 == nil ? "" : " but the checksum file beside it"
    return opening.object.checksums.isEmpty
      ? "The store keeps no checksum of \(location)\(beside), so that its bytes could be compared with nothing else"
      : "The store's checksum of \(location) is over parts whose sizes it does not tell, so it could not be compared"
  }

  /// Whether every part has the size that was assumed; a store that cannot tell is no proof of damage.
  private func isEven(_ parts: Int, _ partBytes: Int64) throws -> Bool {
    try source.withClient(cancellation, isKnown: true) { client in
      for number in 1...parts {
        let expected = min(partBytes, opening.object.bytes - Int64(number - 1) * partBytes)
        guard try client.partSize(number, of: opening.object) == expected else { return false }
      }
      return true
    }
  }
}
