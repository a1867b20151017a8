package import AWSSigning
package import DrillModel

/// One place that access keys come from.
package protocol CredentialProvider: Sendable {
  /// What it is called in messages: `the environment`, `profile backup`.
  var name: String { get }

  /// The credentials as they are now. Nil when this place is not set up here, so that the next one is asked; throws a fault when it
  /// is set up and does not work, which asks nobody else. May block. Asking again reads again, so that changed keys are seen.
  func credentials() throws -> AWSCredentials?
}

/// Asks one provider after another.
package struct CredentialChain: CredentialProvider {
  private let providers: [any CredentialProvider]

  package init(_ providers: [any CredentialProvider]) { self.providers = providers }

  package var name: String { providers.map(\.name).joined(separator: ", ") }

  package func credentials() throws -> AWSCredentials? { try found()?.credentials }

  /// The first that has credentials, and its name; nil when none has.
  package func found() throws -> (credentials: AWSCredentials, provider: String)? {
    for provider in providers {
      if let credentials = try provider.credentials() { return (credentials, provider.name) }
    }
    return nil
  }

  /// The fault for a chain that found nothing.
  package var nothingFound: Fault {
    Fault(
      .credentials, "No AWS credentials were found in \(name)",
      advice: "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile; docs/aws.md says where they are read from", isTransient: true)
  }
}
