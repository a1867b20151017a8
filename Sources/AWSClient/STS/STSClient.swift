package import AWSSigning
import DrillModel
package import HTTPTransport

/// Asks AWS's Security Token Service (query API 2011-06-15). Blocks its caller, and belongs to one thread at a time.
package final class STSClient {
  private let caller: AWSCaller
  private let region: String

  package init(_ connection: AWSConnection, region: String, http: any HTTPExchanging) {
    caller = AWSCaller(connection, http: http, options: .forCredentials)
    self.region = region
  }

  /// Who AWS says the caller is. Needs no permission.
  package func callerIdentity() throws(AWSFailure) -> CallerIdentity {
    let answer = try call("GetCallerIdentity", [])
    let result = answer["GetCallerIdentityResult"]
    guard let account = result?.text("Account"), let arn = result?.text("Arn") else { throw STSClient.noResult }
    return CallerIdentity(account: InertText.line(account, limit: 40), arn: InertText.line(arn, limit: 300))
  }

  /// A session of a role, with the connection's own credentials.
  package func assumeRole(_ role: RoleRequest) throws(AWSFailure) -> AWSCredentials {
    try session("AssumeRole", role, [])
  }

  /// A session of a role, by a token of an identity provider; sent without a signature.
  package func assumeRole(_ role: RoleRequest, webIdentityToken: String) throws(AWSFailure) -> AWSCredentials {
    try session("AssumeRoleWithWebIdentity", role, [("WebIdentityToken", webIdentityToken)], isAnonymous: true, secrets: [webIdentityToken])
  }

  private func session(
    _ action: String, _ role: RoleRequest, _ more: [(String, String)], isAnonymous: Bool = false, secrets: [String] = []
  ) throws(AWSFailure) -> AWSCredentials {
    var parameters = [("RoleArn", role.arn), ("RoleSessionName", role.sessionName ?? "drillmark")] + more
    if let id = role.externalID { parameters.append(("ExternalId", id)) }
    if let seconds = role.seconds { parameters.append(("DurationSeconds", "\(seconds)")) }
    let result = try call(action, parameters, isAnonymous: isAnonymous, secrets: secrets)["\(action)Result"]
    guard let session = result?["Credentials"], let id = session.text("AccessKeyId"), let secret = session.text("SecretAccessKey"),
      let token = session.text("SessionToken"), !id.isEmpty, !secret.isEmpty
    else { throw STSClient.noResult }
    let parts = result?.text("AssumedRoleUser", "Arn")?.split(separator: ":", omittingEmptySubsequences: false) ?? []
    return AWSCredentials(
      accessKeyID: id, secretAccessKey: secret, sessionToken: token,
      expiration: session.text("Expiration").flatMap { Timestamp(rfc3339: $0) }, accountID: parts.count > 4 ? String(parts[4]) : nil)
  }

  private func call(
    _ action: String, _ parameters: [(String, String)], isAnonymous: Bool = false, secrets: [String] = []
  ) throws(AWSFailure) -> XMLElement {
    var request = AWSRequest.query(service: "sts", region: region, action: action, version: "2011-06-15", parameters)
    request.isAnonymous = isAnonymous
    request.secrets = secrets
    let response = try caller.call(request, mayRepeat: true)
    guard let root = XMLReader.read(response.body) else { throw STSClient.noResult }
    return root
  }

  private static var noResult: AWSFailure { .malformed("The endpoint's answer is none of STS's") }
}

/// Who a caller is.
package struct CallerIdentity: Sendable, Hashable {
  /// Twelve digits.
  package let account: String
  /// Of a user, or of a role's session.
  package let arn: String

  package init(account: String, arn: String) {
    self.account = account
    self.arn = arn
  }

  /// The name of the role behind a session; nil for a user.
  package var role: String? {
    let parts = arn.split(separator: "/")
    return parts.count >= 3 && parts[0].hasSuffix(":assumed-role") ? String(parts[parts.count - 2]) : nil
  }
}

extension HTTPOptions {
  /// Of calls that others wait for.
  static var forCredentials: HTTPOptions {
    var options = HTTPOptions()
    options.connectTimeout = .seconds(5)
    options.timeout = .seconds(15)
    options.bodyLimit = 1 << 16
    return options
  }
}
