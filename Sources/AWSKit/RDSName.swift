import DrillModel

/// An instance or a cluster of RDS, as its ARN tells it.
package struct RDSName: Sendable, Hashable {
  package let arn: String
  package let region: String
  package let account: String
  package let name: String
  package let isCluster: Bool

  /// `arn:aws:rds:REGION:ACCOUNT:db:NAME` or `…:cluster:NAME` (Amazon RDS User Guide, "ARNs in Amazon RDS"); nil for anything else.
  package init?(arn: String) {
    let parts = arn.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 7, parts[0] == "arn", parts[1].hasPrefix("aws"), parts[2] == "rds", ["db", "cluster"].contains(parts[5]),
      RDSName.isPlain(parts[3]), parts[4].utf8.count == 12, parts[4].utf8.allSatisfy({ (48...57).contains($0) }),
      (1...63).contains(parts[6].utf8.count), RDSName.isPlain(parts[6])
    else { return nil }
    self.arn = arn
    region = parts[3]
    account = parts[4]
    name = parts[6]
    isCluster = parts[5] == "cluster"
  }

  /// The snapshot that a recovery point of AWS Backup is; nil for one that RDS does not keep as a snapshot.
  package static func snapshot(ofPoint arn: String) -> String? {
    let parts = arn.split(separator: ":", maxSplits: 6, omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 7, parts[2] == "rds", ["snapshot", "cluster-snapshot"].contains(parts[5]) else { return nil }
    return parts[6]
  }

  private static func isPlain(_ text: String) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy { (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == UInt8(ascii: "-") }
  }
}
