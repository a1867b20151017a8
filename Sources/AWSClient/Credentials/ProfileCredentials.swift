package import AWSSigning
import DrillModel
import HTTPTransport

/// The access key that a profile of the shared files holds.
package struct ProfileCredentials: CredentialProvider {
  private let host: AWSHost
  private let profile: String
  private let isChosen: Bool

  /// A profile that was chosen by name must be there; the default one need not.
  package init(_ host: AWSHost, profile: String, isChosen: Bool) {
    self.host = host
    self.profile = profile
    self.isChosen = isChosen
  }

  package var name: String { "profile \(InertText.line(profile, limit: 80))" }

  package func credentials() throws -> AWSCredentials? {
    guard let keys = try SharedConfig(host).profiles[profile] else {
      guard isChosen else { return nil }
      throw Fault(
        .credentials, "There is no \(name) in AWS's shared files",
        advice: "Correct the name, or AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE")
    }
    let needs = ProfileCredentials.unsupported.first { keys[$0.key] != nil }
    let id = keys["aws_access_key_id"]
    let secret = keys["aws_secret_access_key"]
    // A process is asked only when the profile has no key of its own.
    if let needs, needs.key != "credential_process" || id == nil { throw cannot(needs) }
    switch (id, secret) {
    case (nil, nil): return nil
    case (.some(let id), .some(let secret)) where !id.isEmpty && !secret.isEmpty:
      return AWSCredentials(accessKeyID: id, secretAccessKey: secret, sessionToken: keys["aws_session_token"] ?? keys["aws_security_token"])
    default:
      throw Fault(
        .credentials, "\(name.capitalizedFirst) has only one half of an access key",
        advice: "Give it aws_access_key_id and aws_secret_access_key")
    }
  }

  /// Ways to credentials that a profile can ask for and that are not taken yet, the strongest first.
  private static let unsupported: [(key: String, what: String)] = [
    ("role_arn", "assuming a role"), ("web_identity_token_file", "a web identity"), ("sso_session", "single sign-on"),
    ("sso_start_url", "single sign-on"), ("login_session", "a login session"), ("credential_process", "a credential process"),
  ]

  private func cannot(_ needs: (key: String, what: String)) -> Fault {
    Fault(
      .credentials, "\(name.capitalizedFirst) needs \(needs.what) (\(needs.key)), which this version does not do",
      advice: "Run under `aws configure export-credentials --format env`, or name a profile with an access key")
  }
}

extension String {
  /// For the start of a sentence.
  var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
