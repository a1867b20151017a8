/// What the operator's files say about AWS; everything may be left to the environment.
package struct AWSSettings: Sendable, Hashable {
  /// The region asked where none follows from a name.
  package var region: String?
  /// A profile named here beats access keys in the environment.
  package var profile: String?
  /// Every service is asked here instead of at AWS; plain http is then allowed.
  package var endpoint: String?
  /// A role that is taken on first.
  package var roleARN: String?

  package init(region: String? = nil, profile: String? = nil, endpoint: String? = nil, roleARN: String? = nil) {
    self.region = region
    self.profile = profile
    self.endpoint = endpoint
    self.roleARN = roleARN
  }
}
