import DrillModel
import HTTPTransport

/// What a bucket was asked for, so that a refusal can name the permission that it needs.
enum S3Operation: Sendable {
  case list(String)
  case listVersions(String)
  /// Of the current version where none is named.
  case read(String, version: String?)

  var action: String {
    switch self {
    case .list: "s3:ListBucket"
    case .listVersions: "s3:ListBucketVersions"
    case .read(_, version: nil): "s3:GetObject"
    case .read: "s3:GetObjectVersion"
    }
  }

  private var isListing: Bool {
    if case .read = self { false } else { true }
  }

  func name(in bucket: S3Bucket) -> String {
    switch self {
    case .list(let prefix), .listVersions(let prefix): S3Operation.name(prefix, in: bucket)
    case .read(let key, _): S3Operation.name(key, in: bucket)
    }
  }

  static func name(_ key: String, in bucket: S3Bucket) -> String { InertText.line(bucket.location(of: key), limit: 300) }

  /// What the permission is given on.
  func resource(in bucket: S3Bucket) -> String {
    switch self {
    case .list, .listVersions: bucket.resourceName
    case .read(let key, _): InertText.line("\(bucket.resourceName)/\(key)", limit: 300)
    }
  }

  static func replaced(_ name: String) -> Fault {
    Fault(
      .sourceUnreachable, "\(name) was replaced while it was read",
      advice: "Run the drill again; where it is overwritten in place, give each backup a name of its own", isTransient: true)
  }

  /// An answer of success that says nothing S3 would say.
  func fault(notUnderstood response: HTTPResponse, in bucket: S3Bucket) -> Fault {
    Fault(
      .sourceUnreachable, "\(name(in: bucket)) was answered for with something that is not S3's (status \(response.status))",
      advice: "Look at the endpoint, and at proxies in between", isTransient: true)
  }

  /// The fault for a call that gave no result.
  func fault(_ failure: AWSFailure, in bucket: S3Bucket) -> Fault {
    let name = name(in: bucket)
    switch failure.code {
    case "NoSuchBucket":
      return Fault(
        .sourceUnreachable, "There is no bucket \(bucket.name)",
        advice: "Look at `from`, at the region \(bucket.region), and at the account that the credentials belong to")
    case "NoSuchKey", "NoSuchVersion", "HTTP 404":
      return Fault(
        .sourceUnreachable, "\(name) is not there, or gone since it was listed", advice: "Run the drill again", isTransient: true)
    case "PreconditionFailed", "InvalidRange", "HTTP 412", "HTTP 416": return S3Operation.replaced(name)
    case "InvalidObjectState":
      return Fault(
        .backupUnreadable, "\(name) is archived and cannot be read now",
        advice: "Ask for it with `aws s3api restore-object`, or keep the newest backups in a class that is not archived")
    case "AccessDenied", "AllAccessDisabled", "AccessDeniedException", "Forbidden", "HTTP 403": return denied(failure, in: bucket)
    case "PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "HTTP 301":
      return elsewhere(failure, in: bucket)
    case "InvalidRequest", "InvalidArgument", "HTTP 400": return badRequest(failure, in: bucket)
    case let code where code.hasPrefix("KMS."):
      return Fault(
        .permissionDenied, "\(name) cannot be decrypted: \(failure)",
        advice: "Look at the KMS key: it must be enabled, and its policy must allow kms:Decrypt")
    default: return other(failure, name)
    }
  }

  private static let credentialCodes: Set<String> = [
    "credentials", "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "InvalidToken", "InvalidAccessKeyId",
    "SignatureDoesNotMatch", "InvalidSecurity", "RequestTimeTooSkewed", "RequestExpired", "InvalidClientTokenId",
  ]

  private func other(_ failure: AWSFailure, _ name: String) -> Fault {
    if S3Operation.credentialCodes.contains(failure.code) {
      let text = failure.code == "credentials" ? failure.message : "\(name) is refused: \(failure)"
      return Fault(
        .credentials, text, advice: failure.code == "credentials" ? nil : "Look at the credentials: docs/aws.md says where they come from")
    }
    switch failure.kind {
    case .notPossible: return Fault(.configuration, failure.message)
    case .throttled:
      return Fault(
        .sourceUnreachable, "\(name) cannot be read: S3 asks to slow down, for minutes now (\(failure.code))",
        advice: "See what else reads this prefix, and run the drill at another time", isTransient: true)
    case .transient, .maybeDone: return Fault(.sourceUnreachable, "\(name) cannot be read: \(failure)", isTransient: true)
    case .refused: return Fault(.sourceUnreachable, "\(name) is refused: \(failure)")
    }
  }

  private func denied(_ failure: AWSFailure, in bucket: S3Bucket) -> Fault {
    if bucket.isAnonymous {
      return Fault(
        .permissionDenied, "\(name(in: bucket)) may not be read by anybody (\(failure.code))",
        advice: "Leave `anonymous` out, and give credentials that have \(action)")
    }
    // Newer answers name the action: `is not authorized to perform: kms:Decrypt on resource: …`.
    let said = failure.message.split(separator: "perform: ").dropFirst().first?.prefix { $0.isLetter || $0 == ":" || $0.isNumber }
    let missing = said.map(String.init) ?? action
    let isKey = missing.hasPrefix("kms:")
    let place = isKey ? "the key that encrypts \(name(in: bucket))" : resource(in: bucket)
    let owner = bucket.expectedOwner.map { ", and whether the bucket belongs to account \($0)" } ?? ""
    // S3 refuses a wrong key of the customer's in the same words as a missing permission.
    let customer = bucket.customerKey == nil || isListing ? "" : ", and whether `customer-key` is the key that it was encrypted with"
    let detail = failure.message.isEmpty || failure.code.hasPrefix("HTTP") ? failure.code : "\(failure)"
    return Fault(
      .permissionDenied, "The credentials may not do \(missing) on \(place) (\(detail))",
      advice: "Allow \(missing) there, as docs/aws.md shows; look at the bucket's own policy too\(owner)\(customer)")
  }

  private func elsewhere(_ failure: AWSFailure, in bucket: S3Bucket) -> Fault {
    let said = failure.bucketRegion.flatMap { AWSPartition.isRegion($0) ? $0 : nil }
    guard let said, said != bucket.region else {
      return Fault(
        .configuration, "The bucket \(bucket.name) is not where it was asked for, in \(bucket.region) (\(failure.code))",
        advice: "Write the bucket's own region beside `from`")
    }
    return Fault(
      .configuration, "The bucket \(bucket.name) lies in \(said), and was asked for in \(bucket.region)",
      advice: "Write `region: \(said)` beside `from`; a redirect is never followed with a signature")
  }

  private func badRequest(_ failure: AWSFailure, in bucket: S3Bucket) -> Fault {
    // AWS and Ceph tell of a wrong key by its MD5.
    let isEncrypted = failure.message.mentions("encrypt") || failure.message.mentions("hash of the key")
    let advice =
      isEncrypted
      ? bucket.customerKey == nil
        ? "Give the key that it was encrypted with as `customer-key`" : "See whether `customer-key` is the key that it was encrypted with"
      : nil
    return Fault(.configuration, "\(name(in: bucket)) is refused: \(failure)", advice: advice)
  }
}

extension String {
  fileprivate func mentions(_ word: String) -> Bool { lowercased().contains(word) }
}
