package import AWSClient
package import DrillModel
import Foundation

/// What a source of EBS snapshots hands to the engine that restores them, in place of bytes.
package struct EBSRecoveryPoint: Sendable, Hashable, Codable {
  package var region: String
  package var snapshot: String
  package var volume: String
  package var gibibytes: Int?
  package var isEncrypted: Bool
  package var takenAt: Timestamp?

  package init(_ snapshot: EC2Snapshot, region: String) {
    self.region = region
    self.snapshot = snapshot.id
    volume = snapshot.volume
    gibibytes = snapshot.gibibytes
    isEncrypted = snapshot.isEncrypted
    takenAt = snapshot.startedAt
  }

  /// Reads a handle.
  ///
  /// - Throws: `Fault` with code `configuration` for a handle of another source.
  package init(handle: String) throws {
    guard let point = try? JSONDecoder().decode(EBSRecoveryPoint.self, from: Data(handle.utf8)) else {
      throw Fault(
        .configuration, "the engine ebs restores what `from: ebs:VOLUME` lists, and was given something else",
        advice: "Write `from: ebs:VOLUME`, or use the engine that fits the backups")
    }
    self = point
  }

  /// For `OpenedArtefact.handle`.
  ///
  /// - Throws: what the encoder throws, which it does not for these values.
  package var handle: String {
    get throws { String(decoding: try JSONEncoder().encode(self), as: UTF8.self) }
  }

  /// For people: `EBS snapshot of vol-1, 20 GiB, encrypted`.
  package var description: String {
    "EBS snapshot of \(volume)\(gibibytes.map { ", \($0) GiB" } ?? "")\(isEncrypted ? ", encrypted" : "")"
  }
}
