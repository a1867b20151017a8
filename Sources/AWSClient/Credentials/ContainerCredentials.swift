import AWSSigning
import DrillModel
import Foundation
package import HTTPTransport

/// Credentials of a container's role: Amazon ECS and Fargate by `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`, EKS Pod Identity and others
/// by `AWS_CONTAINER_CREDENTIALS_FULL_URI` ("Container credential provider", AWS SDKs and Tools Reference Guide).
final class ContainerCredentials: CredentialProvider {
  let name = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
  private let kept: RefreshingCredentials

  init(_ configuration: AWSConfiguration) {
    kept = RefreshingCredentials(configuration.host.clocks) {
      guard let endpoint = try ContainerEndpoint(environment: configuration.host.environment) else { return nil }
      return ProvidedCredentials(try ContainerCredentials.ask(endpoint, configuration), from: "the container's role")
    }
  }

  func provide() throws -> ProvidedCredentials? { try kept.current() }

  func discard(_ credentials: AWSCredentials) { kept.discard(credentials) }

  private static func ask(_ endpoint: ContainerEndpoint, _ configuration: AWSConfiguration) throws -> AWSCredentials {
    var headers = [HTTPHeader("Accept", "application/json")]
    if let token = try token(configuration.host) { headers.append(HTTPHeader("Authorization", token)) }
    let service = LocalService(configuration, addresses: endpoint.addresses, timeout: .seconds(2), attempts: 3)
    let response: HTTPResponse
    do {
      response = try service.send(HTTPRequest("GET", endpoint.url, headers: headers))
    } catch let error as TransportError {
      throw Fault(.credentials, "The container's credentials could not be had: \(error.message)", isTransient: error.isTransient)
    }
    guard response.status == 200, let document = CredentialDocument(response.body) else {
      let said = AWSErrorBody(response.headers, response.body).map { ": \(InertText.line($0.message, limit: 200))" } ?? ""
      throw Fault(
        .credentials, "The container's credential service answered with status \(response.status)\(said)",
        advice: "Check that the task or service account has a role", isTransient: response.status >= 500 || response.status == 429)
    }
    return document.credentials
  }

  /// Read anew for each request, since a file's token is changed by whoever keeps it.
  private static func token(_ host: AWSHost) throws -> String? {
    func checked(_ text: String, _ place: String) throws -> String? {
      guard !text.contains(where: \.isNewline) else {
        throw Fault(.credentials, "\(place) holds a line break, which no authorization token has")
      }
      return text.isEmpty ? nil : text
    }
    if let path = host.environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"], !path.isEmpty {
      guard let bytes = try host.readFile(path) else {
        throw Fault(
          .credentials, "\(InertText.line(path, limit: 200)) is not there", advice: "Check AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
      }
      return try checked(String(decoding: bytes, as: UTF8.self), InertText.line(path, limit: 200))
    }
    return try checked(host.environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"] ?? "", "AWS_CONTAINER_AUTHORIZATION_TOKEN")
  }
}

/// Where a container's credentials are asked for.
package struct ContainerEndpoint: Sendable, Hashable {
  package let url: String
  /// What the connection may reach: one of the container services' own addresses, loopback, or with https any host.
  package let addresses: AddressPolicy

  /// Nil when neither variable is set; the relative one counts first. Throws for an address that may not be asked without TLS, since
  /// the answer is a secret.
  package init?(environment: [String: String]) throws {
    if let path = environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"], !path.isEmpty {
      guard path.hasPrefix("/"), (try? Destination("http://169.254.170.2\(path)"))?.host == "169.254.170.2" else {
        throw Fault(.credentials, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is no path", advice: "It begins with a slash")
      }
      (url, addresses) = ("http://169.254.170.2\(path)", .any)
      return
    }
    guard let text = environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"], !text.isEmpty else { return nil }
    guard let destination = try? Destination(text) else {
      throw Fault(.credentials, "AWS_CONTAINER_CREDENTIALS_FULL_URI is no URL with a host", advice: "Write it as http://host/path")
    }
    url = text
    if destination.scheme == "https" {
      addresses = .noMetadata
    } else if ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"].contains(destination.host.lowercased()) {
      addresses = .any
    } else if destination.isLoopback {
      addresses = .loopback
    } else {
      throw Fault(
        .credentials, "AWS_CONTAINER_CREDENTIALS_FULL_URI leads to \(destination), which may not be asked for credentials without TLS",
        advice: "Use https, this machine's loopback interface, or the addresses of ECS and EKS")
    }
  }
}

/// The JSON that containers and instances are given credentials in.
struct CredentialDocument: Decodable {
  private let code: String?
  private let accessKeyID: String
  private let secretAccessKey: String
  private let token: String?
  private let expiration: String?
  private let accountID: String?

  private enum CodingKeys: String, CodingKey {
    case code = "Code"
    case accessKeyID = "AccessKeyId"
    case secretAccessKey = "SecretAccessKey"
    case token = "Token"
    case expiration = "Expiration"
    case accountID = "AccountId"
  }

  /// Nil for anything else, a refusal among them.
  init?(_ bytes: [UInt8]) {
    guard let read = try? JSONDecoder().decode(CredentialDocument.self, from: Data(bytes)), (read.code ?? "Success") == "Success",
      !read.accessKeyID.isEmpty, !read.secretAccessKey.isEmpty
    else { return nil }
    self = read
  }

  var credentials: AWSCredentials {
    AWSCredentials(
      accessKeyID: accessKeyID, secretAccessKey: secretAccessKey, sessionToken: token,
      expiration: expiration.flatMap { Timestamp(rfc3339: $0) }, accountID: accountID)
  }
}
