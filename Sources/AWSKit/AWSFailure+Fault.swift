package import AWSClient
package import DrillModel

extension AWSFailure {
  /// The program's own error: what is the operator's to mend is told from what AWS says of the request.
  ///
  /// - Parameters:
  ///   - doing: What was tried, for people: `listing the snapshots of orders`.
  ///   - action: The permission that it needs (`rds:DescribeDBSnapshots`), unless the failure says which one was refused.
  ///   - code: For a refusal that is neither a matter of credentials, permission nor reach.
  package func fault(during doing: String, action: String, else code: FaultCode) -> Fault {
    let words = "\(doing.prefix(1).uppercased() + doing.dropFirst()) did not work: \(self)"
    if AWSFailure.credentialCodes.contains(self.code) {
      let advice = words.contains("docs/aws.md") ? nil : "See docs/aws.md for where credentials are read from"
      return Fault(.credentials, words, advice: advice, isTransient: isPassing)
    }
    if AWSFailure.permissionCodes.contains(self.code) {
      return Fault(
        .permissionDenied, words,
        advice: "Allow \(self.action ?? action) to the drill's user or role; docs/aws.md has the least policy that works")
    }
    switch kind {
    case .throttled, .transient, .maybeDone: return Fault(.sourceUnreachable, words, advice: "Try again later", isTransient: true)
    case .notPossible: return Fault(.configuration, words)
    case .refused: return Fault(code, words)
    }
  }

  /// Whether asking again later can help.
  package var isPassing: Bool { kind == .throttled || kind == .transient || kind == .maybeDone }

  /// Whether the caller lacks the permission.
  package var isDenied: Bool { AWSFailure.permissionCodes.contains(code) }

  private static let credentialCodes: Set<String> = [
    "credentials", "SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature", "InvalidClientTokenId",
    "UnrecognizedClientException", "InvalidAccessKeyId", "ExpiredToken", "ExpiredTokenException", "AuthFailure", "RequestExpired",
    "RequestTimeTooSkewed", "MissingAuthenticationToken",
  ]
  private static let permissionCodes: Set<String> = [
    "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized", "OptInRequired",
  ]
}
