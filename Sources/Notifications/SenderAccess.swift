package import DrillConfig
import DrillModel
package import HTTPTransport

/// What a channel needs beside its target: the way to the network, and the secrets that the target refers to.
package struct SenderAccess: Sendable {
  let network: NetworkSettings
  private let fetched: @Sendable (SecretReference) throws -> String

  /// - Parameter secret: Gives what a reference points to; what it throws is told instead of sending.
  package init(network: NetworkSettings, secret: @escaping @Sendable (SecretReference) throws -> String) {
    self.network = network
    fetched = secret
  }

  /// - Throws: `Fault` that says where the secret was looked for, and nothing of it.
  func secret(_ reference: SecretReference) throws(Fault) -> String {
    do { return try fetched(reference) } catch {
      throw error as? Fault ?? Fault(.credentials, "a secret of the channel could not be had")
    }
  }
}

extension SendOutcome {
  /// A secret that could not be had: somebody has to see to it.
  static func noSecret(_ fault: Fault) -> SendOutcome { .later(fault.description, maybeSent: false, after: slowRetry) }
}
