import AWSClient
import AWSSigning
import DrillModel
import DrillTestSupport
import HTTPTransport
import Testing

@Suite("An instance's and a container's credentials")
struct InstanceMetadataTests {
  private static let document = """
    {"Code": "Success", "AccessKeyId": "ASIAROLE", "SecretAccessKey": "s3cr3t-value", "Token": "t0k3n-value",
     "Expiration": "2026-11-21T10:00:00Z"}
    """

  /// A metadata service: `token` answers for version 2, and version 1 is served where it may be.
  private static func service(servesFirst: Bool = true, token: ScriptedReply) -> ScriptedHTTPServer {
    ScriptedHTTPServer { request, _ in
      if request.method == "PUT" { return token }
      guard request.header("x-aws-ec2-metadata-token") == "tok" || servesFirst else { return .answer(401) }
      if request.target == "/latest/meta-data/iam/security-credentials/" { return .answer(200, body: "backup-role\n") }
      return request.target.hasSuffix("/backup-role") ? .answer(200, body: document) : .answer(404)
    }
  }

  private func connection(_ environment: [String: String]) -> AWSConnection {
    var host = AWSHost(environment: environment, clocks: SetClocks())
    host.readFile = { _ in nil }
    host.sleep = { _, _ in }
    return AWSConnection(AWSSettings(), host: host)
  }

  private func connection(_ server: ScriptedHTTPServer, _ more: [String: String] = [:]) -> AWSConnection {
    connection(["AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url].merging(more) { $1 })
  }

  @Test("version 2 with its token gives the role's credentials, once, and never through a proxy")
  func second() throws {
    let server = Self.service(servesFirst: false, token: .answer(200, body: "tok"))
    let nowhere = "http://127.0.0.1:\(LoopbackSocket.freePort())"
    let connection = connection(server, ["http_proxy": nowhere, "all_proxy": nowhere])
    let found = try connection.provided()
    #expect(found.credentials.accessKeyID == "ASIAROLE" && found.credentials.sessionToken == "t0k3n-value")
    #expect(found.source == "the instance's role backup-role")
    _ = try connection.credentials()
    #expect(server.requests.map(\.method) == ["PUT", "GET", "GET"])
    #expect(server.requests.first?.header("x-aws-ec2-metadata-token-ttl-seconds") == "21600")
  }

  @Test("where there is no version 2 the first is asked, unless it is switched off", arguments: [403, 404, 405])
  func first(status: Int) throws {
    let server = Self.service(token: .answer(status))
    #expect(try connection(server).credentials().accessKeyID == "ASIAROLE")
    let fault = #expect(throws: Fault.self) { try connection(server, ["AWS_EC2_METADATA_V1_DISABLED": "true"]).credentials() }
    #expect(fault?.message.contains("switched off") == true)
  }

  @Test("a token that never arrives is what a hop limit of one does: version 1, or a fault that says so")
  func hopLimit() throws {
    let slow = ScriptedReply.after(.seconds(3), .answer(200, body: "tok"))
    let lenient = Self.service(token: slow)
    #expect(try connection(lenient).credentials().accessKeyID == "ASIAROLE")
    let strict = Self.service(servesFirst: false, token: slow)
    let fault = #expect(throws: Fault.self) { try connection(strict).credentials() }
    #expect(strict.requests.count == 2)
    #expect(fault?.description.contains("hop-limit 2") == true)
  }

  @Test("a refused request for a token is a fault, and no way around it is tried")
  func refused() {
    let server = Self.service(token: .answer(400))
    let fault = #expect(throws: Fault.self) { try connection(server).credentials() }
    #expect(fault?.message.contains("status 400") == true)
    #expect(server.requests.count == 1)
  }

  @Test("a service in trouble is asked again, a few times")
  func trouble() throws {
    let server = ScriptedHTTPServer(.answer(503))
    #expect(throws: Fault.self) { try connection(server).credentials() }
    #expect(server.requests.count == 4)
  }

  @Test("no service, no role and a switch mean that there are none here")
  func absent() {
    let nobody = ["AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:\(LoopbackSocket.freePort())"]
    let without = ScriptedHTTPServer { request, _ in request.method == "PUT" ? .answer(200, body: "tok") : .answer(404) }
    let off = Self.service(token: .answer(200, body: "tok"))
    for connection in [connection(nobody), connection(without), connection(off, ["AWS_EC2_METADATA_DISABLED": "TRUE"])] {
      let fault = #expect(throws: Fault.self) { try connection.credentials() }
      #expect(fault?.message.contains("No AWS credentials were found") == true)
    }
    #expect(off.requests.isEmpty)
  }

  @Test("a page of HTML, half a document and 50 MB are faults without a secret")
  func nonsense() {
    for reply in [
      ScriptedReply.answer(200, body: "<html>"), .answer(200, body: "{\"SecretAccessKey\": \"s3cr3t-value\"}"), .flood(50 << 20),
    ] {
      let server = ScriptedHTTPServer { request, index in
        index == 0 ? .answer(200, body: "tok") : index == 1 ? .answer(200, body: "role") : reply
      }
      let fault = #expect(throws: Fault.self) { try connection(server).credentials() }
      #expect(fault?.description.contains("s3cr3t-value") == false)
    }
  }

  @Test("a container's service is asked with the token that its file holds now")
  func container() throws {
    let folder = TemporaryFolder()
    let file = folder.file("token", "first")
    let server = ScriptedHTTPServer(.answer(200, body: Self.document))
    let environment = ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "\(server.url)/v1", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": file]
    let clocks = SetClocks()
    let connection = AWSConnection(AWSSettings(), host: AWSHost(environment: environment, clocks: clocks))
    #expect(try connection.provided().source == "the container's role")
    _ = folder.file("token", "second")
    clocks.step(.seconds(6 * 3600 - 60))
    #expect(try connection.credentials().accessKeyID == "ASIAROLE")
    #expect(server.requests.map { $0.header("Authorization") } == ["first", "second"])
    _ = folder.file("token", "two\nlines")
    clocks.step(.seconds(7200))
    let fault = #expect(throws: Fault.self) { try connection.credentials() }
    #expect(fault?.message.contains("line break") == true)
  }

  @Test(
    "a container's address that would carry the secret in the clear is refused",
    arguments: [
      "http://example.com/x", "http://10.0.0.1/x", "http://169.254.169.254/x", "http://169.254.170.2.evil.example/x", "/credentials",
      "http://user@127.0.0.1/x", "ftp://127.0.0.1/x", "http://[fd00:ec2::254]/x", "nonsense",
    ])
  func refusedAddress(text: String) {
    #expect(throws: Fault.self) { try ContainerEndpoint(environment: ["AWS_CONTAINER_CREDENTIALS_FULL_URI": text]) }
  }

  @Test(
    "a container's address of AWS's own, of this machine or with TLS is taken",
    arguments: [
      ("http://169.254.170.2/x", AddressPolicy.any), ("http://169.254.170.23/v1", .any), ("http://localhost:8080/x", .loopback),
      ("http://127.0.0.2/x", .loopback), ("https://example.com/x", .noMetadata),
    ])
  func takenAddress(text: String, policy: AddressPolicy) throws {
    #expect(try ContainerEndpoint(environment: ["AWS_CONTAINER_CREDENTIALS_FULL_URI": text])?.addresses == policy)
  }

  @Test("nothing but the providers reaches a metadata address, however it is written, even as a configured endpoint")
  func others() throws {
    let keys = AWSBench.keys
    for host in ["169.254.169.254", "2852039166", "0xa9fea9fe", "[::ffff:169.254.169.254]", "[fd00:ec2::254]", "169.254.170.2"] {
      let connection = AWSConnection(
        AWSSettings(endpoint: "http://\(host)"), host: AWSHost(environment: keys, clocks: SetClocks()))
      guard case .permanent("refusedAddress", _) = SNSClient(connection, http: try HTTPClient()).publish(AWSBench.message()) else {
        Issue.record("\(host) was let through")
        continue
      }
    }
  }
}
