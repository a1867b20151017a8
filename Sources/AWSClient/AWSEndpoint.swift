import DrillModel
import HTTPTransport

/// Where a service is asked.
package struct AWSEndpoint: Sendable, Hashable {
  /// Without a slash at its end.
  package let url: String
  /// Somebody wrote it down, so that it may be plain http.
  package let isConfigured: Bool
  /// Who wrote it down, for people: `AWS_ENDPOINT_URL_S3`; nil for AWS's own.
  package let origin: String?

  /// The address that AWS publishes for a service of a region ("Service endpoints", AWS General Reference; the endpoint rules of
  /// the SDKs).
  ///
  /// Throws for what is no region, since the name becomes part of a host name, and for FIPS where there is none.
  package init(service: String, region: String, usesFIPS: Bool = false, usesDualStack: Bool = false) throws {
    guard AWSPartition.isRegion(region) else {
      throw Fault(.configuration, "\(InertText.line(region, limit: 60)) is no AWS region", advice: "Write it as eu-central-1")
    }
    let partition = AWSPartition(region: region)
    guard service != "s3" || !usesFIPS || partition != .china else {
      throw Fault(.configuration, "S3 has no FIPS endpoint in \(region)", advice: "Take AWS_USE_FIPS_ENDPOINT or use_fips_endpoint away")
    }
    let name = service + (usesFIPS && !AWSEndpoint.isFIPSByItself(service, partition, usesDualStack) ? "-fips" : "")
    // S3 had its dual-stack names before there was a domain for them.
    let isOld = service == "s3" && usesDualStack
    let suffix = usesDualStack && !isOld ? partition.dualStackSuffix : partition.suffix
    url = "https://\(name)\(isOld ? ".dualstack" : "").\(region).\(suffix)"
    isConfigured = false
    origin = nil
  }

  /// Whether nobody on the way can read what is sent there: TLS, or this machine's own loopback interface.
  var isPrivate: Bool { (try? Destination(url)).map { $0.scheme == "https" || $0.isLoopback } ?? false }

  /// In GovCloud most services' usual endpoints are the FIPS ones.
  private static func isFIPSByItself(_ service: String, _ partition: AWSPartition, _ usesDualStack: Bool) -> Bool {
    guard partition == .government, service != "s3", service != "backup" else { return false }
    return !usesDualStack || service == "monitoring"
  }

  /// One that somebody wrote down. Throws for anything but an http or https URL without a query.
  package init(configured text: String, by origin: String = "configuration") throws {
    guard (try? Destination(text)) != nil, !text.contains("?"), !text.contains("#") else {
      throw Fault(
        // What stands before an at sign may be a password.
        .configuration, "The AWS endpoint \(text.contains("@") ? "with a user in it" : InertText.line(text, limit: 120)) cannot be used",
        advice: "Write it as https://host or http://host:port")
    }
    url = text.hasSuffix("/") ? String(text.dropLast()) : text
    isConfigured = true
    self.origin = origin
  }
}

/// A group of regions that shares accounts and a domain.
package enum AWSPartition: String, Sendable, Hashable, CaseIterable {
  case aws
  case china = "aws-cn"
  case government = "aws-us-gov"
  case iso = "aws-iso"
  case isoB = "aws-iso-b"
  case europe = "aws-eusc"

  package init(region: String) {
    let prefixes: [(String, AWSPartition)] = [
      ("cn-", .china), ("us-gov-", .government), ("us-iso-", .iso), ("us-isob-", .isoB), ("eusc-", .europe),
    ]
    self = prefixes.first { region.hasPrefix($0.0) }?.1 ?? .aws
  }

  /// The partition of an ARN; nil for what is none, or of a partition that is not known.
  package init?(arn: String) {
    let parts = arn.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0] == "arn" else { return nil }
    self.init(rawValue: String(parts[1]))
  }

  /// Letters, digits and hyphens, as in `eu-central-1`.
  package static func isRegion(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.count <= 40 && !text.hasPrefix("-") && !text.hasSuffix("-")
      && text.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
  }

  /// The region whose STS is asked when nobody names one.
  var firstRegion: String {
    switch self {
    case .aws: "us-east-1"
    case .china: "cn-north-1"
    case .government: "us-gov-west-1"
    case .iso: "us-iso-east-1"
    case .isoB: "us-isob-east-1"
    case .europe: "eusc-de-east-1"
    }
  }

  var suffix: String {
    switch self {
    case .aws, .government: "amazonaws.com"
    case .china: "amazonaws.com.cn"
    case .iso: "c2s.ic.gov"
    case .isoB: "sc2s.sgov.gov"
    case .europe: "amazonaws.eu"
    }
  }

  var dualStackSuffix: String {
    switch self {
    case .aws, .government: "api.aws"
    case .china: "api.amazonwebservices.com.cn"
    case .iso: "api.aws.ic.gov"
    case .isoB: "api.aws.scloud"
    case .europe: "api.amazonwebservices.eu"
    }
  }
}
