import AWSSigning
import DrillModel
import HTTPTransport

/// Credentials of an EC2 instance's role, from its metadata service ("Retrieve security credentials from instance metadata", Amazon
/// EC2 User Guide). While no others can be had, expired ones are still used: the service may have trouble, and AWS decides.
final class InstanceCredentials: CredentialProvider {
  let name = "the instance's metadata"
  private let kept: RefreshingCredentials

  init(_ configuration: AWSConfiguration) {
    kept = RefreshingCredentials(configuration.host.clocks, outlivesExpiry: true) {
      guard let metadata = try InstanceMetadata(configuration) else { return nil }
      return try metadata.credentials()
    }
  }

  func provide() throws -> ProvidedCredentials? { try kept.current() }

  func discard(_ credentials: AWSCredentials) { kept.discard(credentials) }
}

/// An EC2 instance's metadata service: version 2 with its token; version 1 only where an answer, or the lack of one, says that there
/// is no version 2, and nobody has switched it off.
package struct InstanceMetadata {
  private let endpoint: String
  private let service: LocalService
  private let allowsFirstVersion: Bool
  private static let roles = "/latest/meta-data/iam/security-credentials/"

  /// Nil where `AWS_EC2_METADATA_DISABLED` says that there is none. Throws for an endpoint that cannot be asked.
  init?(_ configuration: AWSConfiguration) throws {
    let environment = configuration.host.environment
    guard environment["AWS_EC2_METADATA_DISABLED"]?.lowercased() != "true" else { return nil }
    endpoint = try InstanceMetadata.endpoint(configuration)
    let seconds = environment["AWS_METADATA_SERVICE_TIMEOUT"].flatMap { Int64($0) } ?? 1
    let attempts = environment["AWS_METADATA_SERVICE_NUM_ATTEMPTS"].flatMap { Int($0) } ?? 4
    service = LocalService(
      configuration, addresses: .any, timeout: .seconds(min(30, max(1, seconds))), attempts: min(10, max(1, attempts)))
    allowsFirstVersion = !configuration.isOn("AWS_EC2_METADATA_V1_DISABLED", try configuration.keys()["ec2_metadata_v1_disabled"])
  }

  /// `AWS_EC2_METADATA_SERVICE_ENDPOINT` or the profile's `ec2_metadata_service_endpoint`, else AWS's address of the mode that
  /// `AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE` or the profile's key says. Without a slash at its end.
  package static func endpoint(_ configuration: AWSConfiguration) throws -> String {
    let (environment, keys) = (configuration.host.environment, try configuration.keys())
    func setting(_ variable: String, _ key: String) -> String? {
      [environment[variable], keys[key]].compactMap { $0 }.first { !$0.isEmpty }
    }
    if let text = setting("AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint") {
      guard (try? Destination(text)) != nil else {
        throw Fault(.credentials, "The instance metadata endpoint \(InertText.line(text, limit: 120)) is no URL")
      }
      return text.hasSuffix("/") ? String(text.dropLast()) : text
    }
    let mode = setting("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode") ?? "ipv4"
    switch mode.lowercased() {
    case "ipv4": return "http://169.254.169.254"
    case "ipv6": return "http://[fd00:ec2::254]"
    default:
      throw Fault(
        .credentials, "\(InertText.line(mode, limit: 40)) is no mode of the instance metadata endpoint", advice: "It can be IPv4 or IPv6")
    }
  }

  /// Nil where no such service answers, and where the instance has no role.
  func credentials() throws -> ProvidedCredentials? {
    do {
      guard let headers = try token() else { return nil }
      let list = try get(InstanceMetadata.roles, headers)
      if list.status == 404 { return nil }
      guard list.status == 200 else { throw refusal(list.status, isFirstVersion: headers.isEmpty) }
      guard let role = String(decoding: list.body, as: UTF8.self).split(whereSeparator: \.isNewline).first else { return nil }
      let answer = try get(InstanceMetadata.roles + PercentEncoding.encode(role), headers)
      guard answer.status == 200, let document = CredentialDocument(answer.body) else {
        throw answer.status == 200
          ? Fault(.credentials, "The instance's metadata service gave no credentials for its role", isTransient: true)
          : refusal(answer.status, isFirstVersion: headers.isEmpty)
      }
      return ProvidedCredentials(document.credentials, from: "the instance's role \(InertText.line(role, limit: 80))")
    } catch let error as TransportError {
      throw Fault(.credentials, "The instance's metadata service failed: \(error.message)", isTransient: true)
    }
  }

  /// A document of the service; nil where no such service answers.
  ///
  /// - Throws: `Fault` with code `credentials`.
  func document(_ path: String) throws -> [UInt8]? {
    do {
      guard let headers = try token() else { return nil }
      let answer = try get(path, headers)
      guard answer.status == 200 else { throw refusal(answer.status, isFirstVersion: headers.isEmpty) }
      return answer.body
    } catch let error as TransportError {
      throw Fault(.credentials, "The instance's metadata service failed: \(error.message)", isTransient: true)
    }
  }

  /// What requests carry: a token, or nothing for version 1. Nil where there is no service.
  private func token() throws -> [HTTPHeader]? {
    let request = HTTPRequest(
      "PUT", "\(endpoint)/latest/api/token", headers: [HTTPHeader("x-aws-ec2-metadata-token-ttl-seconds", "21600")])
    do {
      let response = try service.send(request)
      if response.status == 200 {
        let token = String(decoding: response.body, as: UTF8.self).filter { !$0.isNewline }
        return [HTTPHeader("x-aws-ec2-metadata-token", token)]
      }
      guard [403, 404, 405].contains(response.status) else { throw refusal(response.status, isFirstVersion: false) }
      return try firstVersion("answered with status \(response.status)")
    } catch let error as TransportError {
      // Connected and then silent: the answer's hop limit ends at the host when this is a container on it.
      if error.kind == .timedOut, error.maybeSent { return try firstVersion("did not arrive in time") }
      switch error.kind {
      case .notConnected, .notResolved, .timedOut, .refusedAddress: return nil
      default: throw error
      }
    }
  }

  private func firstVersion(_ why: String) throws -> [HTTPHeader] {
    if allowsFirstVersion { return [] }
    throw Fault(
      .credentials, "The token of the instance's metadata service \(why), and its version 1 is switched off",
      advice: InstanceMetadata.hopAdvice)
  }

  private func get(_ path: String, _ headers: [HTTPHeader]) throws -> HTTPResponse {
    try service.send(HTTPRequest("GET", endpoint + path, headers: headers))
  }

  private func refusal(_ status: Int, isFirstVersion: Bool) -> Fault {
    Fault(
      .credentials, "The instance's metadata service answered with status \(status)",
      advice: isFirstVersion && status == 401 ? InstanceMetadata.hopAdvice : nil, isTransient: status >= 500)
  }

  private static let hopAdvice =
    "In a container, raise the instance's hop limit: aws ec2 modify-instance-metadata-options --http-put-response-hop-limit 2"
}
