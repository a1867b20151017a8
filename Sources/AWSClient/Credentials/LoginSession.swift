package import AWSSigning
import Digesting
import DrillModel
import Foundation

/// Credentials that `aws login` left in its cache. They are used as long as they are valid, and never renewed here: that needs a
/// signature with the device's own key.
package struct LoginSession: Sendable {
  private let session: String

  package init(_ session: String) { self.session = session }

  /// Throws when there are none, or when they have expired.
  package func credentials(_ host: AWSHost) throws -> AWSCredentials {
    let home = host.environment["HOME"] ?? ""
    let folder = host.environment["AWS_LOGIN_CACHE_DIRECTORY"].flatMap { $0.isEmpty ? nil : $0 } ?? "\(home)/.aws/login/cache"
    let path = "\(folder)/\(Hexadecimal.encode(SHA256.digest(of: session.utf8))).json"
    let cached = try host.readFile(path).flatMap { try? JSONDecoder().decode(Cached.self, from: Data($0)).accessToken }
    guard let token = cached, let end = Timestamp(rfc3339: token.expiresAt), end > host.clocks.now() else {
      throw Fault(
        .credentials, cached == nil ? "There is no login session in \(path)" : "The login session has ended",
        advice: "Run `aws login` as the user that runs drills", isTransient: true)
    }
    return AWSCredentials(
      accessKeyID: token.accessKeyId, secretAccessKey: token.secretAccessKey, sessionToken: token.sessionToken, expiration: end,
      accountID: token.accountId)
  }

  private struct Cached: Decodable {
    let accessToken: Token

    struct Token: Decodable {
      let accessKeyId: String
      let secretAccessKey: String
      let sessionToken: String?
      let accountId: String?
      let expiresAt: String
    }
  }
}
