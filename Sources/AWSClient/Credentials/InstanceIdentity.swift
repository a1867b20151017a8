import Foundation

/// Which EC2 instance this machine is ("Instance identity documents", Amazon EC2 User Guide).
package struct InstanceIdentity: Sendable, Hashable {
  /// `i-0123456789abcdef0`.
  package var instance: String
  package var zone: String
  package var region: String
  package var account: String

  /// Nil for anything that does not say all of it.
  init?(_ document: [UInt8]) {
    struct Document: Decodable { var instanceId, availabilityZone, region, accountId: String }
    guard let read = try? JSONDecoder().decode(Document.self, from: Data(document)),
      read.instanceId.wholeMatch(of: /i-[0-9a-f]{8,32}/) != nil, AWSPartition.isRegion(read.region),
      read.availabilityZone.hasPrefix(read.region),
      read.accountId.wholeMatch(of: /[0-9]{12}/) != nil
    else { return nil }
    (instance, zone, region, account) = (read.instanceId, read.availabilityZone, read.region, read.accountId)
  }
}

extension AWSConnection {
  /// Which instance this machine is, by its metadata service; nil where no such service answers, or it is switched off. Asks the network,
  /// which blocks for a few seconds at most.
  ///
  /// - Throws: `Fault` with code `credentials` for a service that answers and refuses.
  package func instanceIdentity() throws -> InstanceIdentity? {
    guard let metadata = try InstanceMetadata(configuration) else { return nil }
    return try metadata.document("/latest/dynamic/instance-identity/document").flatMap { InstanceIdentity($0) }
  }
}
