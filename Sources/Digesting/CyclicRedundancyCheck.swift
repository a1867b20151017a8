internal import CSystem

/// A cyclic redundancy check in progress, of the kinds that object stores keep. A value: copying it forks the computation.
package struct CyclicRedundancyCheck: Sendable, Hashable {
  package enum Algorithm: String, Sendable, Hashable, CaseIterable {
    /// ISO 3309, as zip and gzip have it.
    case crc32
    /// Castagnoli's polynomial (RFC 3720 appendix B.4); computed by the processor where it can.
    case crc32c
    /// NVMe's 64-bit polynomial (NVM Express NVM Command Set Specification, section 5.2.1.3.4).
    case crc64nvme
  }

  package let algorithm: Algorithm
  private var state: UInt64 = 0

  package init(_ algorithm: Algorithm) { self.algorithm = algorithm }

  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    guard let start = bytes.baseAddress else { return }
    switch algorithm {
    case .crc32: state = UInt64(csystem_crc32(UInt32(truncatingIfNeeded: state), start, bytes.count))
    case .crc32c: state = UInt64(csystem_crc32c(UInt32(truncatingIfNeeded: state), start, bytes.count))
    case .crc64nvme: state = csystem_crc64nvme(state, start, bytes.count)
    }
  }

  package mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

  /// The value over all bytes so far, most significant byte first.
  package var bytes: [UInt8] {
    let count = algorithm == .crc64nvme ? 8 : 4
    return (0..<count).map { UInt8(truncatingIfNeeded: state >> (8 * UInt64(count - 1 - $0))) }
  }
}
