import AWSSigning
import DrillModel
import HTTPTransport
import Synchronization

/// Whatever a profile of the shared files leads to.
final class ProfileCredentials: CredentialProvider {
  /// What a profile says is asked in two places of AWS's order.
  enum Part { case roles, others }

  private let configuration: AWSConfiguration
  private let part: Part
  private let sources: [CredentialSource: any CredentialProvider]
  /// By what they were made of: a changed file leads to others.
  private let kept = Mutex<(plan: ProfilePlan, credentials: RefreshingCredentials)?>(nil)

  init(_ configuration: AWSConfiguration, part: Part, sources: [CredentialSource: any CredentialProvider]) {
    self.configuration = configuration
    self.part = part
    self.sources = sources
  }

  var name: String { "profile \(InertText.line(configuration.profile, limit: 80))\(part == .roles ? "'s role" : "")" }

  func provide() throws -> ProvidedCredentials? {
    let config = try SharedConfig(configuration.host)
    // A profile that was chosen by name must be there; the default one need not.
    guard configuration.isProfileChosen || config.profiles[configuration.profile] != nil else { return nil }
    let plan = try ProfilePlan(configuration.profile, in: config)
    guard let base = plan.base, plan.roles.isEmpty == (part == .others) else { return nil }
    if case .key(let key) = base, plan.roles.isEmpty { return ProvidedCredentials(key, from: plan.source(of: configuration.profile)) }
    let credentials = kept.withLock { kept in
      if let kept, kept.plan == plan { return kept.credentials }
      let made = RefreshingCredentials(configuration.host.clocks) { [self] in try carryOut(plan, base) }
      kept = (plan, made)
      return made
    }
    return try credentials.current()
  }

  func discard(_ credentials: AWSCredentials) { kept.withLock { $0 }?.credentials.discard(credentials) }

  private func carryOut(_ plan: ProfilePlan, _ base: ProfilePlan.Base) throws -> ProvidedCredentials {
    var credentials = try first(base)
    for role in plan.roles { credentials = try RoleSession(role, configuration).begin(with: credentials) }
    return ProvidedCredentials(credentials, from: plan.source(of: configuration.profile))
  }

  private func first(_ base: ProfilePlan.Base) throws -> AWSCredentials {
    switch base {
    case .key(let key): return key
    case .webIdentity(let role, let file): return try RoleSession(role, configuration).begin(withTokenIn: file)
    case .singleSignOn(let single): return try single.credentials(configuration)
    case .login(let session): return try LoginSession(session).credentials(configuration.host)
    case .process(let command): return try CredentialProcess(command).credentials(configuration.host)
    case .source(let source):
      guard let provided = try sources[source]?.provide() else {
        throw ProfilePlan.fault(
          configuration.profile, "takes its credentials from \(source.rawValue), where there are none",
          "Correct credential_source; docs/aws.md says what each of them reads")
      }
      return provided.credentials
    }
  }
}
