import AWSClient
import Digesting

/// A store's checksum of an object, computed while its bytes pass: over all of them, or over the digests of its parts.
struct ObjectDigest {
  private let algorithm: S3Checksum.Algorithm
  /// Nil where the checksum is over all bytes.
  private let partBytes: Int64?
  private var current: Running
  private var inPart: Int64 = 0
  private var digests: [UInt8] = []

  /// Nil where this machine cannot compute it.
  init?(_ checksum: S3Checksum, partBytes: Int64?) {
    guard let running = Running(checksum.algorithm) else { return nil }
    algorithm = checksum.algorithm
    self.partBytes = checksum.parts == nil ? nil : partBytes
    current = running
  }

  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    guard let partBytes else { return current.update(bytes) }
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = rest.prefix(Int(min(Int64(rest.count), partBytes - inPart)))
      current.update(UnsafeRawBufferPointer(rebasing: piece))
      inPart += Int64(piece.count)
      rest = rest.dropFirst(piece.count)
      if inPart == partBytes { endPart() }
    }
  }

  private mutating func endPart() {
    digests += current.bytes
    inPart = 0
    if let fresh = Running(algorithm) { current = fresh }
  }

  /// The digest over everything that was given.
  mutating func finish() -> [UInt8] {
    guard partBytes != nil else { return current.bytes }
    if inPart > 0 { endPart() }
    guard var whole = Running(algorithm) else { return [] }
    digests.withUnsafeBytes { whole.update($0) }
    return whole.bytes
  }

  private enum Running {
    case check(CyclicRedundancyCheck)
    case digest(MessageDigest)

    init?(_ algorithm: S3Checksum.Algorithm) {
      if let check = CyclicRedundancyCheck.Algorithm(rawValue: algorithm.rawValue) {
        self = .check(CyclicRedundancyCheck(check))
      } else if let kind = MessageDigest.Algorithm(rawValue: algorithm.rawValue), let digest = MessageDigest(kind) {
        self = .digest(digest)
      } else {
        return nil
      }
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
      switch self {
      case .check(var check):
        check.update(bytes)
        self = .check(check)
      case .digest(let digest): digest.update(bytes)
      }
    }

    var bytes: [UInt8] {
      switch self {
      case .check(let check): check.bytes
      case .digest(let digest): digest.finish()
      }
    }
  }
}
