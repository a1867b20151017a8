package import AWSSigning
package import DrillModel
package import HTTPTransport
import Synchronization

/// As whom and where AWS is asked: credentials, regions, endpoints, and what calls learn for those after them (the retry quota, the
/// clock's error). One for the whole program; safe from any thread.
package final class AWSConnection: Sendable {
  package let host: AWSHost
  package let network: NetworkSettings
  private let settings: AWSSettings
  private let chain: CredentialChain
  private let quota = Mutex(RetryQuota())
  private let skew = Mutex(Duration.zero)

  /// `providers` replace the usual ones: the environment unless `settings` name a profile, then the profile.
  package init(_ settings: AWSSettings, host: AWSHost, providers: [any CredentialProvider]? = nil) {
    self.settings = settings
    self.host = host
    network = NetworkSettings(environment: host.environment, forAWS: true)
    let profile = AWSConnection.profile(settings, host)
    let fromProfile = ProfileCredentials(host, profile: profile.name, isChosen: profile.isChosen)
    let usual: [any CredentialProvider] = settings.profile == nil ? [EnvironmentCredentials(host.environment), fromProfile] : [fromProfile]
    chain = CredentialChain(providers ?? usual)
  }

  private static func profile(_ settings: AWSSettings, _ host: AWSHost) -> (name: String, isChosen: Bool) {
    if let name = settings.profile { return (name, true) }
    let variable = ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"].lazy.compactMap { host.environment[$0] }.first { !$0.isEmpty }
    return variable.map { ($0, true) } ?? ("default", false)
  }

  /// Credentials as they are now. Throws when there are none, or when the place they should come from does not work.
  package func credentials() throws -> AWSCredentials {
    guard let credentials = try chain.credentials() else { throw chain.nothingFound }
    return credentials
  }

  /// Where the credentials come from, for messages; nil when there are none.
  package func credentialSource() throws -> String? { try chain.found()?.provider }

  /// The region of calls that name none: the settings', `AWS_REGION`, `AWS_DEFAULT_REGION`, then the profile's; nil when none says.
  package func region() throws -> String? {
    let variables = ["AWS_REGION", "AWS_DEFAULT_REGION"].map { host.environment[$0] ?? "" }
    if let region = ([settings.region ?? ""] + variables).first(where: { !$0.isEmpty }) { return region }
    return try profileKeys()["region"].flatMap { $0.isEmpty ? nil : $0 }
  }

  /// Where a service is asked: the settings' endpoint, `AWS_ENDPOINT_URL_<SERVICE>`, `AWS_ENDPOINT_URL`, the profile's `services`
  /// section, its `endpoint_url`, else AWS's own for the region, with FIPS and dual-stack names where the environment or the
  /// profile asks for them.
  package func endpoint(service: String, region: String) throws -> AWSEndpoint {
    if let text = settings.endpoint { return try AWSEndpoint(configured: text) }
    let keys = try profileKeys()
    let isIgnored = isOn("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", keys["ignore_configured_endpoint_urls"])
    if !isIgnored, let text = try configuredEndpoint(service, keys) { return try AWSEndpoint(configured: text) }
    return try AWSEndpoint(
      service: service, region: region, usesFIPS: isOn("AWS_USE_FIPS_ENDPOINT", keys["use_fips_endpoint"]),
      usesDualStack: isOn("AWS_USE_DUALSTACK_ENDPOINT", keys["use_dualstack_endpoint"]))
  }

  /// How often a call is tried in all: `AWS_MAX_ATTEMPTS`, the profile's `max_attempts`, else 3.
  package func maximumAttempts() throws -> Int {
    let text = try host.environment["AWS_MAX_ATTEMPTS"] ?? profileKeys()["max_attempts"]
    return min(20, max(1, text.flatMap { Int($0) } ?? 3))
  }

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

  func withQuota<T>(_ body: (inout RetryQuota) -> T) -> T { quota.withLock { body(&$0) } }

  private func profileKeys() throws -> [String: String] {
    let profile = AWSConnection.profile(settings, host)
    // Keys from the environment must work beside a file that nobody pointed at and that this user may not even read.
    guard profile.isChosen else { return (try? SharedConfig(host).profiles[profile.name]) ?? [:] }
    return try SharedConfig(host).profiles[profile.name] ?? [:]
  }

  private func configuredEndpoint(_ service: String, _ keys: [String: String]) throws -> String? {
    let names = ["AWS_ENDPOINT_URL_\(service.uppercased())", "AWS_ENDPOINT_URL"]
    if let text = names.lazy.compactMap({ self.host.environment[$0] }).first(where: { !$0.isEmpty }) { return text }
    if let section = keys["services"], let entry = try SharedConfig(host).services[section]?[service],
      let text = SharedConfig.subkeys(entry)["endpoint_url"]
    {
      return text
    }
    return keys["endpoint_url"]
  }

  private func isOn(_ variable: String, _ key: String?) -> Bool { (host.environment[variable] ?? key)?.lowercased() == "true" }
}

extension Duration {
  /// Without its sign.
  var magnitude: Duration { self < .zero ? .zero - self : self }
}
