import AWSSigning
import Digesting
import DrillModel
import Foundation
import HTTPTransport

/// A profile's access through IAM Identity Center, by a token that `aws sso login` left in the cache.
package struct SingleSignOn: Sendable, Hashable {
  private let account: String
  private let role: String
  private let region: String
  private let token: SingleSignOnToken

  /// Nil for a profile without any key of single sign-on. Throws for one that has only some of them.
  init?(profile: String, _ keys: [String: String], in config: SharedConfig) throws {
    let names = ["sso_account_id", "sso_role_name", "sso_region", "sso_start_url", "sso_session"]
    guard names.contains(where: { keys[$0] != nil }) else { return nil }
    func fault(_ what: String, _ advice: String) -> Fault { ProfilePlan.fault(profile, what, advice) }
    let session = try keys["sso_session"].map { name in
      guard let session = config.ssoSessions[name] else {
        throw fault("names the sso-session \(InertText.line(name, limit: 80)), which there is none of", "Add it, or correct sso_session")
      }
      return session
    }
    switch (keys["sso_account_id"], keys["sso_role_name"]) {
    case (nil, nil):
      throw fault("gives a token and no credentials: sso_account_id and sso_role_name are not set", "Set both")
    case (nil, _): throw fault("has sso_role_name and no sso_account_id", "Set both")
    case (_, nil): throw fault("has sso_account_id and no sso_role_name", "Set both")
    case (.some(let account), .some(let role)): (self.account, self.role) = (account, role)
    }
    guard let region = session?["sso_region"] ?? keys["sso_region"], let url = session?["sso_start_url"] ?? keys["sso_start_url"] else {
      throw fault("uses single sign-on without sso_region or sso_start_url", "Set both, in the profile or in its sso-session")
    }
    self.region = region
    token = SingleSignOnToken(session: keys["sso_session"], startURL: url, profile: profile)
  }

  /// Exchanges the token for credentials of the role ("GetRoleCredentials", IAM Identity Center Portal API Reference).
  func credentials(_ configuration: AWSConfiguration) throws -> AWSCredentials {
    let text = try token.read(configuration.host).accessToken
    let query = "account_id=\(PercentEncoding.encode(account))&role_name=\(PercentEncoding.encode(role))"
    var request = AWSRequest(
      service: "portal.sso", region: region, method: "GET", path: "/federation/credentials", query: query,
      headers: [HTTPHeader("x-amz-sso_bearer_token", text)])
    request.isAnonymous = true
    request.secrets = [text]
    let connection = AWSConnection(configuration.settings, host: configuration.host, providers: [])
    let caller = AWSCaller(connection, http: try configuration.host.http(), options: .forCredentials)
    do throws(AWSFailure) {
      let answer = try caller.call(request, mayRepeat: true)
      guard let body = try? JSONDecoder().decode(Answer.self, from: Data(answer.body)) else {
        throw AWSFailure.malformed("The endpoint's answer is none of IAM Identity Center's")
      }
      return body.roleCredentials.credentials(account)
    } catch {
      let isOver = error.status == 401
      throw Fault(
        .credentials, isOver ? "The single sign-on of \(token.profileName) has ended" : "Single sign-on gave no credentials: \(error)",
        advice: isOver ? token.advice : nil, isTransient: isOver || error.isTransient)
    }
  }

  private struct Answer: Decodable {
    let roleCredentials: Role

    struct Role: Decodable {
      let accessKeyId: String
      let secretAccessKey: String
      let sessionToken: String
      /// Milliseconds.
      let expiration: Int64

      func credentials(_ account: String) -> AWSCredentials {
        AWSCredentials(
          accessKeyID: accessKeyId, secretAccessKey: secretAccessKey, sessionToken: sessionToken,
          expiration: Timestamp(milliseconds: expiration), accountID: account)
      }
    }
  }
}

/// A token of IAM Identity Center in the cache that AWS's tools share.
package struct SingleSignOnToken: Sendable, Hashable {
  private let cacheName: String
  private let profile: String

  /// Named by its session, or by the start URL where an old profile has none.
  package init(session: String?, startURL: String, profile: String) {
    cacheName = Hexadecimal.encode(SHA1.digest(of: (session ?? startURL).utf8))
    self.profile = profile
  }

  /// What is read of the cached file.
  package struct Content: Decodable, Sendable {
    package let accessToken: String
    package let expiresAt: String
  }

  var profileName: String { "profile \(InertText.line(profile, limit: 80))" }
  var advice: String { "Run `aws sso login --profile \(InertText.line(profile, limit: 80))` as the user that runs drills" }

  /// The token, which is never renewed here. Throws when there is none, or when it has expired.
  package func read(_ host: AWSHost) throws -> Content {
    let home = host.environment["HOME"] ?? ""
    let path = "\(home)/.aws/sso/cache/\(cacheName).json"
    guard let bytes = try host.readFile(path) else {
      throw Fault(.credentials, "There is no single sign-on of \(profileName): \(path) is not there", advice: advice, isTransient: true)
    }
    guard let content = try? JSONDecoder().decode(Content.self, from: Data(bytes)) else {
      throw Fault(.credentials, "\(path) holds no token of single sign-on", advice: advice, isTransient: true)
    }
    // Old tools write UTC for Z.
    guard let end = Timestamp(rfc3339: content.expiresAt.replacing("UTC", with: "Z")), end > host.clocks.now() else {
      throw Fault(.credentials, "The single sign-on of \(profileName) has ended", advice: advice, isTransient: true)
    }
    return content
  }
}
