import AWSSigning
import DrillModel

/// What the keys of one profile say about credentials.
struct ProfileKeys {
  private let name: String
  private let keys: [String: String]

  init(_ name: String, _ keys: [String: String]) {
    self.name = name
    self.keys = keys
  }

  private subscript(key: String) -> String? { keys[key].flatMap { $0.isEmpty ? nil : $0 } }

  /// The role of the profile; nil when it has none, or one that is taken on with a web identity, which needs no other credentials.
  func role() throws -> RoleRequest? {
    guard self["role_arn"] != nil, self["web_identity_token_file"] == nil else { return nil }
    return try requested()
  }

  /// The profile whose credentials the role is taken on with; nil when that is this one itself.
  func next() throws -> String? {
    switch (self["source_profile"], self["credential_source"]) {
    case (.some, .some): throw fault("has both source_profile and credential_source", "Take one of them out")
    case (nil, nil): throw fault("has a role_arn and neither source_profile nor credential_source", "Add the one that leads to a key")
    case (.some(let source), nil): return source == name ? nil : source
    case (nil, .some): return nil
    }
  }

  /// Where credentials come from without any role, in the order of AWS's tools; nil when the profile does not say.
  func base(in config: SharedConfig) throws -> ProfilePlan.Base? {
    if let source = self["credential_source"], self["role_arn"] != nil {
      guard let known = CredentialSource(rawValue: source) else {
        throw fault("has an unknown credential_source", "It can be Environment, EcsContainer or Ec2InstanceMetadata")
      }
      return .source(known)
    }
    if let file = self["web_identity_token_file"] {
      guard self["role_arn"] != nil else { throw fault("has a web_identity_token_file and no role_arn", "Add the role_arn") }
      return .webIdentity(try requested(), tokenFile: file)
    }
    if let single = try SingleSignOn(profile: name, keys, in: config) { return .singleSignOn(single) }
    if config.keysInCredentialsFile.contains(name), let key = try accessKey() { return .key(key) }
    if let session = self["login_session"] { return .login(session: session) }
    if let command = self["credential_process"] { return .process(command) }
    return try accessKey().map { .key($0) }
  }

  /// The access key that stands in the profile; nil when there is none. Throws for one half of it.
  func accessKey() throws -> AWSCredentials? {
    switch (keys["aws_access_key_id"], keys["aws_secret_access_key"]) {
    case (nil, nil): return nil
    case (.some(let id), .some(let secret)) where !id.isEmpty && !secret.isEmpty:
      return AWSCredentials(
        accessKeyID: id, secretAccessKey: secret, sessionToken: self["aws_session_token"] ?? self["aws_security_token"],
        accountID: self["aws_account_id"])
    default:
      throw fault("has only one half of an access key", "Give it aws_access_key_id and aws_secret_access_key")
    }
  }

  private func requested() throws -> RoleRequest {
    if self["mfa_serial"] != nil {
      throw fault(
        "asks for an MFA code (mfa_serial), which nobody is there to type when a drill runs",
        "Let a role without MFA run drills, limited to what docs/aws.md lists")
    }
    let seconds = try self["duration_seconds"].map { text in
      guard let seconds = Int(text), (900...43_200).contains(seconds) else {
        throw fault("has a duration_seconds that is not 900 to 43200", "Correct it, or leave it out for an hour")
      }
      return seconds
    }
    return RoleRequest(
      arn: self["role_arn"] ?? "", sessionName: self["role_session_name"], externalID: self["external_id"], seconds: seconds)
  }

  private func fault(_ what: String, _ advice: String) -> Fault { ProfilePlan.fault(name, what, advice) }
}
