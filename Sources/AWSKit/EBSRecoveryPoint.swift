package import AWSClient
package import DrillModel

/// A recovery point of an EBS volume: what is restored, by its name alone.
package struct EBSRecoveryPoint: SnapshotHandle, Hashable {
  package static let engine = "ebs"
  package static let origin = "ebs:VOLUME"

  package var region: String
  package var snapshot: String
  package var volume: String
  package var gibibytes: Int?
  package var isEncrypted: Bool
  /// Nil for a copy: EC2 does not say when its data was taken.
  package var takenAt: Timestamp?
  package var isCopy: Bool?

  package init(_ snapshot: EC2Snapshot, region: String) {
    self.region = region
    self.snapshot = snapshot.id
    volume = snapshot.volume
    gibibytes = snapshot.gibibytes
    isEncrypted = snapshot.isEncrypted
    takenAt = snapshot.isCopy ? nil : snapshot.startedAt
    isCopy = snapshot.isCopy
  }

  /// For people: `EBS snapshot of vol-1, 20 GiB, encrypted`.
  package var description: String {
    "EBS snapshot of \(volume)\(gibibytes.map { ", \($0) GiB" } ?? "")\(isEncrypted ? ", encrypted" : "")"
      + (isCopy == true ? ", a copy: EC2 tells when it was copied, and not when its data was taken" : "")
  }
}
