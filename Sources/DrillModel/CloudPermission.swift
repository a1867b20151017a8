/// One thing that a policy in a cloud account must allow.
package struct CloudPermission: Sendable, Hashable, Codable {
  /// As policies name it: `s3:GetObject`.
  package let action: String
  /// The ARN that it is needed on, with `*` in it where that is not known beforehand; `*` alone where the action knows no resource.
  package let resource: String
  /// What it is needed for: `to read the backup`.
  package let purpose: String

  package init(_ action: String, on resource: String, _ purpose: String) {
    self.action = action
    self.resource = resource
    self.purpose = purpose
  }
}
