import AWSSigning
import DrillModel

/// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, and `AWS_SESSION_TOKEN`. Blank counts as unset.
package struct EnvironmentCredentials: CredentialProvider {
  private let environment: [String: String]

  package init(_ environment: [String: String]) { self.environment = environment }

  package let name = "the environment"

  /// Throws when one half of the key is there without the other.
  package func provide() throws -> ProvidedCredentials? {
    switch (value("AWS_ACCESS_KEY_ID"), value("AWS_SECRET_ACCESS_KEY")) {
    case (nil, nil): return nil
    case (.some(let id), .some(let secret)):
      let credentials = AWSCredentials(
        accessKeyID: id, secretAccessKey: secret, sessionToken: value("AWS_SESSION_TOKEN") ?? value("AWS_SECURITY_TOKEN"),
        accountID: value("AWS_ACCOUNT_ID"))
      return ProvidedCredentials(credentials, from: name)
    case (.some, nil): throw half("AWS_ACCESS_KEY_ID", without: "AWS_SECRET_ACCESS_KEY")
    case (nil, .some): throw half("AWS_SECRET_ACCESS_KEY", without: "AWS_ACCESS_KEY_ID")
    }
  }

  private func value(_ name: String) -> String? {
    let text = SharedConfigSections.trimmed(environment[name] ?? "")
    return text.isEmpty ? nil : text
  }

  private func half(_ present: String, without absent: String) -> Fault {
    Fault(.credentials, "\(present) is set and \(absent) is not", advice: "Set both, or neither to use a profile")
  }
}
