package import DrillModel

/// An access key. Its description and mirror show neither the secret nor the session token.
package struct AWSCredentials: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package let accessKeyID: String
  package let secretAccessKey: String
  /// Of temporary credentials; nil for a user's long-lived key.
  package let sessionToken: String?
  /// When they stop working; nil when nobody said.
  package let expiration: Timestamp?
  /// The account they belong to; nil when nobody said.
  package let accountID: String?

  package init(
    accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil, expiration: Timestamp? = nil, accountID: String? = nil
  ) {
    self.accessKeyID = accessKeyID
    self.secretAccessKey = secretAccessKey
    self.sessionToken = sessionToken
    self.expiration = expiration
    self.accountID = accountID
  }

  package var description: String { "access key \(accessKeyID.prefix(4))…\(accessKeyID.suffix(4))" }
  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: ["description": description]) }
}
