import AWSClient
package import DrillModel

/// The name of what a run makes at AWS. It follows from the run alone, so that it is found again after a crash at any moment.
package enum ScratchName {
  /// `drillmark-01k…`: 36 letters, digits and hyphens, 80 bits of it random.
  package static func of(_ run: RunID) -> String { "drillmark-\(run.text.lowercased())" }
}

/// An ARN of a region and an account, `arn:aws:rds:eu-west-1:123456789012:db:drillmark-…` ("Amazon Resource Names", AWS General Reference).
package struct AWSResourceName: Sendable, Hashable {
  package var partition: String
  package var service: String
  package var region: String
  package var account: String
  /// `db:orders`, `volume/vol-1`.
  package var resource: String

  package init(service: String, region: String, account: String, resource: String) {
    partition = AWSPartition(region: region).rawValue
    self.service = service
    self.region = region
    self.account = account
    self.resource = resource
  }

  /// Nil for what is none.
  package init?(_ text: String) {
    let parts = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 6, parts[0] == "arn", parts[1].hasPrefix("aws"), !parts[2].isEmpty, AWSPartition.isRegion(parts[3]),
      parts[4].utf8.count == 12, parts[4].utf8.allSatisfy({ (48...57).contains($0) }), !parts[5].isEmpty
    else { return nil }
    (partition, service, region, account, resource) = (parts[1], parts[2], parts[3], parts[4], parts[5])
  }

  package var text: String { "arn:\(partition):\(service):\(region):\(account):\(resource)" }
}
