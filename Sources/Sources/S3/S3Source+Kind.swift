package import AWSClient
package import DrillConfig
import DrillModel
package import EngineKit
import Selecting

extension S3Source {
  /// How drill files name this source.
  ///
  /// - Parameter aws: The process's connections, whose environment and profiles hold where a drill says nothing.
  package static func kind(aws: AWSConnections) -> SourceKind<any BackupSource> {
    SourceKind(
      name: "s3", schemes: ["s3"], summary: "A bucket, a prefix in one, or one object, on AWS or on a store that speaks S3's protocol.",
      section: S3Options.keys, initial: S3Options()
    ) { options, location, context in
      let cut = location.rest.utf8.firstIndex(of: UInt8(ascii: "/")) ?? location.rest.endIndex
      let name = String(location.rest[..<cut])
      let key = String(location.rest[cut...].utf8.dropFirst()) ?? ""
      guard S3Bucket.isName(name) else {
        context.report(
          "\(name.isEmpty ? "there is no bucket in it" : "it begins with no bucket's name")", at: "from", suggestion: S3Options.form)
        return nil
      }
      if options.isAnonymous, options.profile != nil || options.roleARN != nil {
        context.report("anonymous requests are sent without a profile or role", at: "anonymous", suggestion: "leave one of them out")
        return nil
      }
      let connection = aws.connection(options.settings(over: context.aws))
      // Where nobody names a region S3 tells it in its refusal.
      let region = options.region ?? context.aws.region ?? (try? connection.region()) ?? "us-east-1"
      var bucket = S3Bucket(name, region: region)
      bucket.usesPathStyle = options.usesPathStyle
      bucket.isAnonymous = options.isAnonymous
      bucket.isRequesterPays = options.isRequesterPays
      bucket.expectedOwner = options.expectedOwner
      // The pattern is read and judged elsewhere; here it says how deep to look and what keys begin with.
      let match = context.node.entry("match")?.value.scalar.flatMap { try? NamePattern($0.text) }
      return S3Source(
        bucket, key: key, match: match, archived: options.archived, versions: options.versions, customerKey: options.customerKey,
        connection: connection)
    }
  }
}

/// The source's own keys of `backup`.
struct S3Options: Sendable {
  var region: String?
  var profile: String?
  var endpoint: String?
  var roleARN: String?
  var usesPathStyle: Bool?
  var isAnonymous = false
  var isRequesterPays = false
  var expectedOwner: String?
  var archived = ArchivedObjects.reject
  var versions = ObjectVersions.current
  var customerKey: SecretReference?

  static let form = "write it as s3://bucket/prefix/ or s3://bucket/key"

  static let keys = Section<S3Options>([
    Key("region", \.region, .awsRegion, default: "the site's", "The region that the bucket lies in."),
    Key("profile", \.profile, .nonEmptyString, default: "the site's", "The profile of the shared AWS configuration files."),
    Key("endpoint", \.endpoint, .nonEmptyString, default: "the site's, or Amazon's", "A URL to ask instead of Amazon's."),
    Key("role-arn", \.roleARN, .nonEmptyString, default: "the site's", "A role to take on first."),
    Key(
      "path-style", \.usesPathStyle, .boolean, default: "true for an endpoint of your own and a bucket with a dot in its name",
      "Whether the bucket stands in the path of a URL instead of in its host."),
    Key("anonymous", \.isAnonymous, .boolean, default: "false", "Asks without credentials, as anybody may with a public bucket."),
    Key("requester-pays", \.isRequesterPays, .boolean, default: "false", "Agrees to pay for what is read from such a bucket."),
    Key("customer-key", \.customerKey, .secret, "The 256-bit key, in Base64, that objects were encrypted with by their owner (SSE-C)."),
    Key("expected-bucket-owner", \.expectedOwner, .accountNumber, "The account that must own the bucket."),
    Key(
      "archived", \.archived, .choice(), default: "reject",
      "What becomes of archived objects, which cannot be read at once: rejected, or left out as if they were not there."),
    Key(
      "versions", \.versions, .choice(), default: "current",
      "In a bucket that keeps versions: whether only `current` ones are recovery points, or `all` that are there."),
  ])

  /// The drill's own settings, and the site's where it says nothing. A profile or endpoint of its own brings none of the site's role.
  func settings(over site: AWSSettings) -> AWSSettings {
    AWSSettings(
      region: region ?? site.region, profile: profile ?? site.profile, endpoint: endpoint ?? site.endpoint,
      roleARN: roleARN ?? (profile == nil ? site.roleARN : nil))
  }
}

extension ValueType where Value == String {
  /// `eu-central-1`.
  static var awsRegion: ValueType<String> {
    ValueType<String>.nonEmptyString.map { text, node, diagnostics in
      if AWSPartition.isRegion(text) { return text }
      diagnostics.error("expected a region such as eu-central-1", at: node.place)
      return nil
    }
  }

  /// Twelve digits, quoted or not.
  static var accountNumber: ValueType<String> {
    ValueType(summary: "twelve digits", schema: ["type": ["string", "integer"]]) { node, diagnostics in
      guard let text = node.scalar?.text, text.utf8.count == 12, text.utf8.allSatisfy({ (48...57).contains($0) }) else {
        diagnostics.error("expected an account number of twelve digits", at: node.place, suggestion: "put it in quotes")
        return nil
      }
      return text
    }
  }
}
