package import AWSSigning
import DrillModel
import HTTPTransport

/// What a profile means by its `credential_source`.
package enum CredentialSource: String, Sendable, Hashable {
  case environment = "Environment"
  case container = "EcsContainer"
  case instance = "Ec2InstanceMetadata"
}

/// A role to take on ("AssumeRole", AWS STS API Reference).
package struct RoleRequest: Sendable, Hashable {
  package var arn: String
  package var sessionName: String?
  package var externalID: String?
  /// 900 to 43,200 seconds; nil leaves it to STS, which gives an hour.
  package var seconds: Int?

  package init(arn: String, sessionName: String? = nil, externalID: String? = nil, seconds: Int? = nil) {
    self.arn = arn
    self.sessionName = sessionName
    self.externalID = externalID
    self.seconds = seconds
  }
}

/// How a profile of the shared files leads to credentials: where the first come from, and which roles are taken on with them, one
/// after another ("Assume role credential provider", AWS SDKs and Tools Reference Guide).
package struct ProfilePlan: Sendable, Hashable {
  package enum Base: Sendable, Hashable {
    case key(AWSCredentials)
    case source(CredentialSource)
    case webIdentity(RoleRequest, tokenFile: String)
    case singleSignOn(SingleSignOn)
    case login(session: String)
    case process(String)
  }

  /// Nil when the profile says nothing about credentials.
  package private(set) var base: Base?
  /// The profile that the base stands in.
  package private(set) var origin: String
  /// In the order in which they are taken on.
  package private(set) var roles: [RoleRequest] = []

  /// Follows a profile that must be there.
  ///
  /// Throws a fault for what cannot be followed: a profile that is missing, goes round in a circle, says two things at once or half
  /// of one, or asks for a code that a person would have to type.
  package init(_ profile: String, in config: SharedConfig) throws {
    origin = profile
    var seen: Set<String> = []
    while true {
      guard let keys = config.profiles[origin] else { throw ProfilePlan.missing(origin, from: profile) }
      guard seen.insert(origin).inserted else {
        throw ProfilePlan.fault(profile, "goes round in a circle by source_profile", "Let the last one hold a key or a credential_source")
      }
      // A key of its own makes a source profile the last, whatever else it says.
      if seen.count > 1, let key = try? ProfileKeys(origin, keys).accessKey() {
        base = .key(key)
        break
      }
      guard let role = try ProfileKeys(origin, keys).role() else {
        base = try ProfileKeys(origin, keys).base(in: config)
        break
      }
      roles.insert(role, at: 0)
      guard let next = try ProfileKeys(origin, keys).next() else {
        base = try ProfileKeys(origin, keys).base(in: config)
        break
      }
      origin = next
    }
    if base == nil, !roles.isEmpty { throw ProfilePlan.fault(origin, "holds no credentials to take on a role with", nil) }
  }

  /// Where credentials come from by this plan, for people.
  func source(of profile: String) -> String {
    let name = "profile \(InertText.line(profile, limit: 80))"
    let from: String? =
      switch base {
      case .source(let source): "\(source.rawValue)"
      case .webIdentity: "web identity"
      case .singleSignOn: "single sign-on"
      case .login: "aws login"
      case .process: "credential_process"
      case .key, nil: origin == profile ? nil : "profile \(InertText.line(origin, limit: 80))"
      }
    return ([name, from.map { "by \($0)" }] + roles.map { "as \(InertText.line($0.arn, limit: 200))" }).compactMap { $0 }
      .joined(separator: ", ")
  }

  static func fault(_ profile: String, _ what: String, _ advice: String?) -> Fault {
    Fault(.credentials, "Profile \(InertText.line(profile, limit: 80)) \(what)", advice: advice)
  }

  private static func missing(_ name: String, from profile: String) -> Fault {
    let shown = InertText.line(name, limit: 80)
    return Fault(
      .credentials,
      "There is no profile \(shown) in AWS's shared files"
        + (name == profile ? "" : ", which profile \(InertText.line(profile, limit: 80)) leads to by source_profile"),
      advice: "Correct the name, or AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE")
  }
}
