package import AWSSigning
package import DrillModel
package import HTTPTransport
import Synchronization

/// As whom and where AWS is asked: credentials, regions, endpoints, and what calls learn for those after them (the retry quota, the
/// clock's error). One for the whole program; safe from any thread.
package final class AWSConnection: Sendable {
  package let configuration: AWSConfiguration
  private let chain: CredentialChain
  private let quota = Mutex(RetryQuota())
  private let skew = Mutex(Duration.zero)

  /// `providers` replace the usual ones, a role of the settings' included.
  package init(_ settings: AWSSettings, host: AWSHost, providers: [any CredentialProvider]? = nil) {
    configuration = AWSConfiguration(settings, host: host)
    chain = providers.map { CredentialChain($0) } ?? CredentialChain.usual(configuration)
  }

  package var host: AWSHost { configuration.host }
  package var network: NetworkSettings { configuration.network }

  /// Credentials as they are now. Throws when there are none, or when the place they should come from does not work. Can ask the
  /// network, which blocks.
  package func credentials() throws -> AWSCredentials { try provided().credentials }

  /// The same, with the place they come from.
  package func provided() throws -> ProvidedCredentials {
    guard let provided = try chain.provide() else { throw chain.nothingFound }
    return provided
  }

  /// Where the credentials come from, for messages; nil when there are none.
  package func credentialSource() throws -> String? { try chain.provide()?.source }

  /// The region of calls that name none; nil when nobody says. See `AWSConfiguration.region`.
  package func region() throws -> String? { try configuration.region()?.name }

  /// Where a service is asked. See `AWSConfiguration.endpoint`.
  package func endpoint(service: String, region: String) throws -> AWSEndpoint {
    try configuration.endpoint(service: service, region: region)
  }

  /// How often a call is tried in all. See `AWSConfiguration.maximumAttempts`.
  package func maximumAttempts() throws -> Int { try configuration.maximumAttempts() }

  /// How far this machine's clock is behind AWS's, as the last refusal for a wrong time showed.
  package var clockSkew: Duration { skew.withLock { $0 } }

  /// This machine's time, corrected by what AWS said.
  func now() -> Timestamp { host.clocks.now() + clockSkew }

  /// Learns from the time of a reply. False when the time that was signed with was near it, so that time is not what is wrong.
  func learnSkew(from reply: Timestamp) -> Bool {
    let behind = reply - host.clocks.now()
    return skew.withLock { known in
      guard (behind - known).magnitude > .seconds(240) else { return false }
      known = behind
      return true
    }
  }

  /// Corrects what was learnt once an accepted reply shows that this machine's clock was set since; does nothing before anything was.
  func confirmSkew(by reply: Timestamp) {
    let behind = reply - host.clocks.now()
    skew.withLock { known in
      guard known != .zero, (behind - known).magnitude > .seconds(60) else { return }
      known = behind.magnitude > .seconds(240) ? behind : .zero
    }
  }

  /// Has credentials fetched anew that AWS says have expired. False when there are no others to be had.
  func renew(_ expired: AWSCredentials) -> Bool {
    chain.discard(expired)
    return (try? credentials()).map { $0 != expired } ?? false
  }

  func withQuota<T>(_ body: (inout RetryQuota) -> T) -> T { quota.withLock { body(&$0) } }
}

extension Duration {
  /// Without its sign.
  var magnitude: Duration { self < .zero ? .zero - self : self }
}
