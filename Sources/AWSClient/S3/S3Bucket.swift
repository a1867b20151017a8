/// A bucket and how it is asked, on AWS or on any store that speaks S3's protocol.
package struct S3Bucket: Sendable, Hashable {
  package let name: String
  /// That requests are signed for and, on AWS, sent to.
  package var region: String
  /// Whether the bucket stands in the path rather than in the host's name. Nil chooses: in the path for endpoints that somebody wrote
  /// down, and for names that no certificate covers.
  package var usesPathStyle: Bool?
  /// Asked without credentials, as anybody may.
  package var isAnonymous = false
  /// We pay for what is read, not the bucket's owner.
  package var isRequesterPays = false
  /// The twelve digits of the account that must own it; another owner's is refused by S3.
  package var expectedOwner: String?
  /// The 256-bit key that objects were encrypted with by their owner (SSE-C). Sent with each read, over TLS alone.
  package var customerKey: CustomerKey?

  package init(_ name: String, region: String) {
    self.name = name
    self.region = region
  }

  /// Letters, digits, dots, hyphens and underscores, as "Bucket naming rules" of the S3 User Guide has them, old buckets included.
  package static func isName(_ text: String) -> Bool {
    let isMade = text.utf8.allSatisfy {
      (97...122).contains($0) || (65...90).contains($0) || (48...57).contains($0) || [45, 46, 95].contains($0)
    }
    return isMade && (3...255).contains(text.utf8.count) && !text.hasPrefix(".") && !text.hasSuffix(".") && !text.contains("..")
  }

  /// `s3://bucket/key`, as other tools write it.
  package func location(of key: String) -> String { "s3://\(name)/\(key)" }

  /// The bucket as policies name it.
  package var resourceName: String { "arn:\(AWSPartition(region: region).rawValue):s3:::\(name)" }

  /// Whether a certificate of `*.s3.REGION.amazonaws.com` covers the name, which must be a single DNS label.
  var isOneLabel: Bool {
    name.utf8.count <= 63 && !name.hasPrefix("-") && !name.hasSuffix("-")
      && name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
  }
}

/// A key of the customer's own for server-side encryption. Prints none of it.
package struct CustomerKey: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
  let bytes: [UInt8]

  /// Nil unless there are 32 bytes.
  package init?(_ bytes: [UInt8]) {
    guard bytes.count == 32 else { return nil }
    self.bytes = bytes
  }

  package var description: String { "a customer key" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
