import AWSKit
import DrillModel

/// An instance or a cluster that a run makes: its row in the ledger is its ARN, which says region, account and name.
struct RDSResource: Sendable, Hashable {
  let arn: AWSResourceName
  let name: String
  let isCluster: Bool

  static let instanceKind = "rds-instance"
  static let clusterKind = "rds-cluster"

  init(run: RunID, region: String, account: String, isCluster: Bool) {
    name = ScratchName.of(run)
    self.isCluster = isCluster
    arn = AWSResourceName(service: "rds", region: region, account: account, resource: "\(isCluster ? "cluster" : "db"):\(name)")
  }

  /// Reads a row; nil when we did not write it.
  init?(_ resource: ScratchResource) {
    isCluster = resource.kind == RDSResource.clusterKind
    guard let arn = AWSResourceName(resource.name), arn.service == "rds" else { return nil }
    let parts = arn.resource.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0] == (isCluster ? "cluster" : "db"), parts[1].wholeMatch(of: /drillmark-[0-9a-z]{26}/) != nil else {
      return nil
    }
    self.arn = arn
    name = String(parts[1])
  }

  var kind: String { isCluster ? RDSResource.clusterKind : RDSResource.instanceKind }
  var row: ScratchResource { ScratchResource(kind: kind, name: arn.text) }

  /// Whether its name was made for this run.
  func belongs(to run: RunID) -> Bool { name == ScratchName.of(run) }

  /// What stays, and how a person removes it.
  var remains: String {
    "The RDS \(isCluster ? "cluster" : "instance") \(name) in \(arn.region) (account \(arn.account)) bills as long as it exists. "
      + "Remove it by hand: \(byHand)"
  }

  var byHand: String {
    let tail = "--skip-final-snapshot --delete-automated-backups --region \(arn.region)"
    if isCluster {
      return
        "aws rds modify-db-cluster --db-cluster-identifier \(name) --no-deletion-protection --apply-immediately --region \(arn.region) ; "
        + "aws rds delete-db-cluster --db-cluster-identifier \(name) \(tail)"
    }
    return
      "aws rds modify-db-instance --db-instance-identifier \(name) --no-deletion-protection --apply-immediately --region \(arn.region) ; "
      + "aws rds delete-db-instance --db-instance-identifier \(name) \(tail)"
  }
}
