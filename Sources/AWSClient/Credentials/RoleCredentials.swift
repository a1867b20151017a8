import AWSSigning
import DrillModel
import HTTPTransport

/// Sessions of a role, from STS.
struct RoleSession {
  private let role: RoleRequest
  private let configuration: AWSConfiguration

  init(_ role: RoleRequest, _ configuration: AWSConfiguration) {
    self.role = role
    self.configuration = configuration
  }

  /// Takes the role on with other credentials.
  func begin(with credentials: AWSCredentials) throws -> AWSCredentials {
    try begin(by: FixedCredentials(credentials), called: credentials.description)
  }

  /// The same with a provider's, which is asked for others when AWS calls the first ones expired.
  func begin(by provider: any CredentialProvider, called caller: String) throws -> AWSCredentials {
    try told("sts:AssumeRole", caller, [provider]) { (client) throws(AWSFailure) in try client.assumeRole(role) }
  }

  /// Takes the role on with a token that somebody else keeps fresh in a file.
  func begin(withTokenIn file: String) throws -> AWSCredentials {
    guard let bytes = try configuration.host.readFile(file) else {
      throw Fault(
        .credentials, "The web identity token \(InertText.line(file, limit: 200)) is not there",
        advice: "Check AWS_WEB_IDENTITY_TOKEN_FILE, or the profile's web_identity_token_file")
    }
    let token = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace).joined()
    guard !token.isEmpty else {
      throw Fault(.credentials, "The web identity token \(InertText.line(file, limit: 200)) is empty", isTransient: true)
    }
    return try told("sts:AssumeRoleWithWebIdentity", "the web identity", []) { (client) throws(AWSFailure) in
      try client.assumeRole(role, webIdentityToken: token)
    }
  }

  private func told(
    _ action: String, _ caller: String, _ providers: [any CredentialProvider],
    _ call: (STSClient) throws(AWSFailure) -> AWSCredentials
  ) throws -> AWSCredentials {
    var settings = configuration.settings
    settings.roleARN = nil
    let connection = AWSConnection(settings, host: configuration.host, providers: providers)
    let region = try configuration.region()?.name ?? (AWSPartition(arn: role.arn) ?? .aws).firstRegion
    let client = STSClient(connection, region: region, http: try configuration.host.http())
    do throws(AWSFailure) {
      return try call(client)
    } catch {
      throw Fault(
        .credentials, "\(caller.capitalizedFirst) cannot take on the role \(InertText.line(role.arn, limit: 200)): \(error)",
        advice: error.isAccessDenied ? "Allow the caller \(action) on the role, and name the caller in the role's trust policy" : nil,
        isTransient: error.isTransient)
    }
  }
}

/// A role that the operator's files name, taken on with whatever credentials are found.
final class SiteRoleCredentials: CredentialProvider {
  private let base: CredentialChain
  private let kept: RefreshingCredentials

  init(_ arn: String, by base: CredentialChain, _ configuration: AWSConfiguration) {
    self.base = base
    kept = RefreshingCredentials(configuration.host.clocks) {
      guard let found = try base.provide() else { throw base.nothingFound }
      let session = try RoleSession(RoleRequest(arn: arn), configuration).begin(by: base, called: found.credentials.description)
      return ProvidedCredentials(session, from: "\(found.source), as \(InertText.line(arn, limit: 200))")
    }
  }

  var name: String { base.name }

  func provide() throws -> ProvidedCredentials? { try kept.current() }

  func discard(_ credentials: AWSCredentials) {
    kept.discard(credentials)
    base.discard(credentials)
  }
}

/// `AWS_WEB_IDENTITY_TOKEN_FILE` and `AWS_ROLE_ARN`, as EKS sets them for a service account's role.
final class WebIdentityCredentials: CredentialProvider {
  let name = "AWS_WEB_IDENTITY_TOKEN_FILE"
  private let kept: RefreshingCredentials

  init(_ configuration: AWSConfiguration) {
    let environment = configuration.host.environment
    kept = RefreshingCredentials(configuration.host.clocks) {
      guard let file = environment["AWS_WEB_IDENTITY_TOKEN_FILE"], !file.isEmpty else { return nil }
      guard let arn = environment["AWS_ROLE_ARN"], !arn.isEmpty else {
        throw Fault(.credentials, "AWS_WEB_IDENTITY_TOKEN_FILE is set and AWS_ROLE_ARN is not", advice: "Set both, or neither")
      }
      let name = environment["AWS_ROLE_SESSION_NAME"].flatMap { $0.isEmpty ? nil : $0 }
      let session = try RoleSession(RoleRequest(arn: arn, sessionName: name), configuration).begin(withTokenIn: file)
      return ProvidedCredentials(session, from: "web identity, as \(InertText.line(arn, limit: 200))")
    }
  }

  func provide() throws -> ProvidedCredentials? { try kept.current() }

  func discard(_ credentials: AWSCredentials) { kept.discard(credentials) }
}

extension String {
  /// For the start of a sentence.
  var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
