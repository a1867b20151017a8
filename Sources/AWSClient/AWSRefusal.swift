package import DrillModel
import Foundation
package import HTTPTransport

/// What AWS says in place of a result: `<Error>` of the query, EC2 and REST-XML protocols, an object of the JSON ones.
package struct AWSErrorBody: Sendable, Hashable {
  package let code: String
  package let message: String
  package let requestID: String?
  /// Of S3: the region that the bucket lies in.
  package let region: String?

  package init(code: String, message: String, requestID: String? = nil, region: String? = nil) {
    self.code = code
    self.message = message
    self.requestID = requestID
    self.region = region
  }

  /// Nil for an answer that is none of them.
  package init?(_ headers: [HTTPHeader], _ body: [UInt8]) {
    guard body.first == UInt8(ascii: "{") else {
      self.init(body)
      return
    }
    guard let said = try? JSONDecoder().decode(JSONRefusal.self, from: Data(body)) else { return nil }
    // `namespace#Name` and `Name:URL` both occur ("AWS restJson1 protocol", Smithy).
    let type = (headers.first("x-amzn-errortype") ?? said.type ?? said.code ?? "").split(separator: "#").last?.prefix { $0 != ":" } ?? ""
    guard !type.isEmpty || said.message != nil || said.upperMessage != nil else { return nil }
    self.init(
      code: type.isEmpty ? "Refused" : String(type), message: said.message ?? said.upperMessage ?? "",
      requestID: headers.first("x-amzn-requestid"))
  }

  private struct JSONRefusal: Decodable {
    let type: String?
    let code: String?
    let message: String?
    let upperMessage: String?

    enum CodingKeys: String, CodingKey {
      case type = "__type"
      case code
      case message
      case upperMessage = "Message"
    }
  }

  /// Nil for a body that is no XML of theirs.
  package init?(_ body: [UInt8]) {
    guard let root = XMLReader.read(body) else { return nil }
    let error = root.name == "Error" ? root : root["Error"] ?? root["Errors"]?["Error"]
    guard let error, let code = error.text("Code"), !code.isEmpty else { return nil }
    self.code = code
    message = error.text("Message") ?? error.text("message") ?? ""
    region = error.text("Region")
    requestID = [root.text("RequestId"), root.text("RequestID"), root.text("ResponseMetadata", "RequestId")].compactMap { $0 }.first
  }
}

/// A call to AWS that has no result.
package struct AWSFailure: Error, Sendable, CustomStringConvertible {
  package enum Kind: Sendable, Hashable {
    /// AWS said no, and will say it again.
    case refused
    /// Too many requests, after every retry.
    case throttled
    /// AWS, the network or the credentials have trouble that can pass.
    case transient
    /// The request was sent and no answer that can be understood came: it may have been carried out.
    case maybeDone
    /// The call cannot be made as it is set up.
    case notPossible
  }

  package let kind: Kind
  /// AWS's error code, else a short word of ours (`timedOut`, `credentials`).
  package let code: String
  /// One line, bounded, without any secret.
  package let message: String
  package let status: Int?
  package let requestID: String?
  /// When the service said to come back, from now.
  package let retryAfter: Duration?
  package let attempts: Int
  /// Where S3 says that the bucket lies, when it was asked for elsewhere.
  package var bucketRegion: String?
  /// What a policy must allow for the call (`rds:ModifyDBInstance`), where AWS answered and that is known.
  package var action: String?

  /// Without the message's last full stop: another sentence follows.
  package var description: String { AWSFailure.told(code, message.hasSuffix(".") ? String(message.dropLast()) : message) }

  /// What AWS says behind its code; of ours, which begin in lower case, the sentence alone, since it says the same in words.
  package static func told(_ code: String, _ message: String) -> String {
    code.first?.isLowercase == true ? message : "\(code): \(message)"
  }

  /// Whether the credentials are what stands in the way: somebody has to renew them.
  package var isAboutCredentials: Bool { AWSFailure.isAboutCredentials(code) }

  package static func isAboutCredentials(_ code: String) -> Bool { code == "credentials" || code.hasPrefix("ExpiredToken") }

  /// Whether a policy does not allow the call.
  package var isAccessDenied: Bool { AWSFailure.accessCodes.contains(code) }

  /// Whether the same call can succeed later without a change on our side.
  package var isTransient: Bool { kind == .transient || kind == .throttled || kind == .maybeDone }

  /// "Common errors" of the query API, Amazon EC2's and Amazon SNS's own.
  static let accessCodes: Set<String> = [
    "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "AuthorizationErrorException",
    "NotAuthorized", "UnauthorizedException",
  ]

  static func malformed(_ message: String) -> AWSFailure {
    AWSFailure(
      kind: .transient, code: "malformed", message: "\(message); is a proxy in between?", status: 200, requestID: nil, retryAfter: nil,
      attempts: 1)
  }

  /// The same as the program's own error, of that code, or of `permission_denied` where a policy is what stands in the way.
  package func fault(_ code: FaultCode) -> Fault {
    Fault(isAccessDenied ? .permissionDenied : code, "\(self)", isTransient: isTransient)
  }
}
