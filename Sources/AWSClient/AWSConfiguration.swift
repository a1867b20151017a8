package import DrillModel
package import HTTPTransport

/// What the operator's settings, the environment and AWS's shared files say together. Reads them again each time it is asked, so that
/// a changed file counts without a restart.
package struct AWSConfiguration: Sendable {
  package let settings: AWSSettings
  package let host: AWSHost
  /// The profile that counts.
  let profile: String
  /// Somebody chose the profile by name; the default one need not exist.
  let isProfileChosen: Bool

  package init(_ settings: AWSSettings, host: AWSHost) {
    self.settings = settings
    self.host = host
    let variable = ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"].lazy.compactMap { host.environment[$0] }.first { !$0.isEmpty }
    let chosen = settings.profile ?? variable
    profile = chosen ?? "default"
    isProfileChosen = chosen != nil
  }

  /// A region and who named it, for people.
  package struct Region: Sendable, Hashable {
    package let name: String
    package let origin: String
  }

  /// The region of calls that name none: the settings', `AWS_REGION`, `AWS_DEFAULT_REGION`, then the profile's; nil when none says.
  package func region() throws -> Region? {
    var places = [(settings.region, "aws.region")]
    places += ["AWS_REGION", "AWS_DEFAULT_REGION"].map { (host.environment[$0], $0) }
    let named = places.lazy.compactMap { name, origin in name.flatMap { $0.isEmpty ? nil : Region(name: $0, origin: origin) } }
    if let region = named.first { return region }
    guard let name = try keys()["region"], !name.isEmpty else { return nil }
    return Region(name: name, origin: "profile \(InertText.line(profile, limit: 80))")
  }

  /// Where a service is asked: the settings' endpoint, `AWS_ENDPOINT_URL_<SERVICE>`, `AWS_ENDPOINT_URL`, the profile's `services`
  /// section, its `endpoint_url`, else AWS's own for the region, with FIPS and dual-stack names where the environment or the
  /// profile asks for them.
  package func endpoint(service: String, region: String) throws -> AWSEndpoint {
    if let text = settings.endpoint { return try AWSEndpoint(configured: text, by: "aws.endpoint") }
    let keys = try keys()
    if !isOn("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", keys["ignore_configured_endpoint_urls"]),
      let (text, origin) = try configuredEndpoint(AWSConfiguration.serviceID(service), keys)
    {
      return try AWSEndpoint(configured: text, by: origin)
    }
    return try AWSEndpoint(
      service: service, region: region, usesFIPS: isOn("AWS_USE_FIPS_ENDPOINT", keys["use_fips_endpoint"]),
      usesDualStack: isOn("AWS_USE_DUALSTACK_ENDPOINT", keys["use_dualstack_endpoint"]))
  }

  /// How often a call is tried in all: `AWS_MAX_ATTEMPTS`, the profile's `max_attempts`, else 3, or 5 where `AWS_RETRY_MODE` or
  /// `retry_mode` say `legacy`, which is otherwise done as `standard`, as `adaptive` is.
  package func maximumAttempts() throws -> Int {
    let keys = try keys()
    let mode = (host.environment["AWS_RETRY_MODE"] ?? keys["retry_mode"] ?? "").lowercased()
    guard ["", "standard", "adaptive", "legacy"].contains(mode) else {
      throw Fault(
        .configuration, "AWS's retry mode \(InertText.line(mode, limit: 40)) is not known", advice: "Set AWS_RETRY_MODE to standard")
    }
    let text = host.environment["AWS_MAX_ATTEMPTS"] ?? keys["max_attempts"]
    return min(20, max(1, text.flatMap { Int($0) } ?? (mode == "legacy" ? 5 : 3)))
  }

  /// How the network is reached: as the environment says, with the profile's `ca_bundle` where `AWS_CA_BUNDLE` is not set.
  package var network: NetworkSettings {
    var network = NetworkSettings(environment: host.environment, forAWS: true)
    if (host.environment["AWS_CA_BUNDLE"] ?? "").isEmpty, let file = (try? keys())?["ca_bundle"], !file.isEmpty {
      network.certificateAuthorities = file
    }
    return network
  }

  /// The keys of the profile; none when it is not there.
  func keys() throws -> [String: String] {
    // Keys from the environment must work beside a file that nobody pointed at and that this user may not even read.
    guard isProfileChosen else { return (try? SharedConfig(host).profiles[profile]) ?? [:] }
    return try SharedConfig(host).profiles[profile] ?? [:]
  }

  /// Whether a switch is on, by its variable or else by the profile's key.
  func isOn(_ variable: String, _ key: String?) -> Bool { (host.environment[variable] ?? key)?.lowercased() == "true" }

  private func configuredEndpoint(_ id: String, _ keys: [String: String]) throws -> (String, String)? {
    let names = ["AWS_ENDPOINT_URL_\(id.uppercased())", "AWS_ENDPOINT_URL"]
    for name in names {
      if let text = host.environment[name], !text.isEmpty { return (text, name) }
    }
    if let text = try configuredService(id, keys) { return text }
    return keys["endpoint_url"].flatMap { $0.isEmpty ? nil : ($0, "profile \(InertText.line(profile, limit: 80))") }
  }

  /// What the profile's `services` section says of a service; a section that is not there would have another place asked than was meant.
  private func configuredService(_ id: String, _ keys: [String: String]) throws -> (String, String)? {
    guard let name = keys["services"], !name.isEmpty else { return nil }
    let shown = InertText.line(name, limit: 80)
    guard let section = try SharedConfig(host).services[name] else {
      throw Fault(
        .configuration, "Profile \(InertText.line(profile, limit: 80)) names the section [services \(shown)], and there is none",
        advice: "Add it to AWS's config file, or correct `services`")
    }
    guard let text = section[id].flatMap({ SharedConfig.subkeys($0)["endpoint_url"] }), !text.isEmpty else { return nil }
    return (text, "services \(shown)")
  }

  /// What the variables and files call a service that its host names call otherwise.
  private static func serviceID(_ service: String) -> String {
    ["monitoring": "cloudwatch", "portal.sso": "sso"][service] ?? service.replacing("-", with: "_")
  }
}
