package import AWSSigning
package import DrillModel

/// One place that access keys come from.
package protocol CredentialProvider: Sendable {
  /// What it is called where nothing was found: `the environment`, `profile backup`.
  var name: String { get }

  /// The credentials as they are now. Nil when this place is not set up here, so that the next one is asked; throws a fault when it
  /// is set up and does not work, which asks nobody else. May block for seconds. Asking again reads again, so that changed keys are
  /// seen; credentials that expire are kept until shortly before that.
  func provide() throws -> ProvidedCredentials?

  /// Forgets these credentials, which AWS does not take any more; a no-op for others, and for a place that keeps none.
  func discard(_ credentials: AWSCredentials)
}

extension CredentialProvider {
  package func discard(_ credentials: AWSCredentials) {}
}

/// An access key and where it comes from.
package struct ProvidedCredentials: Sendable, Hashable {
  package let credentials: AWSCredentials
  /// For people: `the environment`, `profile backup, by the role …`.
  package let source: String

  package init(_ credentials: AWSCredentials, from source: String) {
    self.credentials = credentials
    self.source = source
  }
}

/// Asks one provider after another.
package struct CredentialChain: CredentialProvider {
  private let providers: [any CredentialProvider]

  package init(_ providers: [any CredentialProvider]) { self.providers = providers }

  package var name: String { providers.map(\.name).joined(separator: ", ") }

  /// Those of the first that has any; nil when none has.
  package func provide() throws -> ProvidedCredentials? {
    for provider in providers {
      if let provided = try provider.provide() { return provided }
    }
    return nil
  }

  package func discard(_ credentials: AWSCredentials) { for provider in providers { provider.discard(credentials) } }

  /// The fault for a chain that found nothing.
  package var nothingFound: Fault {
    Fault(
      .credentials, "No AWS credentials were found in \(name)",
      advice: "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile; docs/aws.md says where they are read from", isTransient: true)
  }
}

extension CredentialChain {
  /// Where AWS's own tools look, in their order (botocore's `create_credential_resolver`): the environment (left out where the
  /// settings name a profile), a profile's role, a web identity, the rest of what a profile can hold, a container's, and an instance's
  /// credentials. With a role in the settings, that role by means of the first of them.
  static func usual(_ configuration: AWSConfiguration) -> CredentialChain {
    let environment = configuration.host.environment
    let isOurs = configuration.settings.profile != nil
    let container = ContainerCredentials(configuration)
    let instance = InstanceCredentials(configuration)
    let sources: [CredentialSource: any CredentialProvider] = [
      .environment: EnvironmentCredentials(environment), .container: container, .instance: instance,
    ]
    var providers: [any CredentialProvider] = []
    if !isOurs { providers.append(EnvironmentCredentials(environment)) }
    providers.append(ProfileCredentials(configuration, part: .roles, sources: sources))
    if !isOurs { providers.append(WebIdentityCredentials(configuration)) }
    providers += [ProfileCredentials(configuration, part: .others, sources: sources), container, instance]
    let chain = CredentialChain(providers)
    guard let role = configuration.settings.roleARN else { return chain }
    return CredentialChain([SiteRoleCredentials(role, by: chain, configuration)])
  }
}

/// Credentials that were obtained already.
struct FixedCredentials: CredentialProvider {
  let name = "another provider"
  private let credentials: AWSCredentials

  init(_ credentials: AWSCredentials) { self.credentials = credentials }

  func provide() -> ProvidedCredentials? { ProvidedCredentials(credentials, from: name) }
}
