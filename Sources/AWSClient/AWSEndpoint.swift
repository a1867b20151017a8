import DrillModel
import HTTPTransport

/// Where a service is asked.
package struct AWSEndpoint: Sendable, Hashable {
  /// Without a slash at its end.
  package let url: String
  /// Somebody wrote it down, so that it may be plain http.
  package let isConfigured: Bool

  /// The address that AWS publishes for a service of a region ("Service endpoints", AWS General Reference).
  ///
  /// Throws for what is no region: the name becomes part of a host name.
  package init(service: String, region: String, usesFIPS: Bool = false, usesDualStack: Bool = false) throws {
    guard AWSPartition.isRegion(region) else {
      throw Fault(.configuration, "\(InertText.line(region, limit: 60)) is no AWS region", advice: "Write it as eu-central-1")
    }
    let partition = AWSPartition(region: region)
    let suffix = usesDualStack ? partition.dualStackSuffix : partition.suffix
    url = "https://\(service)\(usesFIPS ? "-fips" : "").\(region).\(suffix)"
    isConfigured = false
  }

  /// One that somebody wrote down. Throws for anything but an http or https URL without a query.
  package init(configured text: String) throws {
    guard (try? Destination(text)) != nil, !text.contains("?"), !text.contains("#") else {
      throw Fault(
        // What stands before an at sign may be a password.
        .configuration, "The AWS endpoint \(text.contains("@") ? "with a user in it" : InertText.line(text, limit: 120)) cannot be used",
        advice: "Write it as https://host or http://host:port")
    }
    url = text.hasSuffix("/") ? String(text.dropLast()) : text
    isConfigured = true
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

  /// Letters, digits and hyphens, as in `eu-central-1`.
  package static func isRegion(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.count <= 40 && !text.hasPrefix("-") && !text.hasSuffix("-")
      && text.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
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
    case .iso, .isoB: suffix
    case .europe: "api.amazonwebservices.eu"
    }
  }
}
