import AWSClient
import AWSSigning
import DrillModel
import DrillTestSupport
import Foundation
import HTTPTransport
import Testing

@Suite("Credentials against open vectors", .enabled(if: VectorFile.isThere, Comment(rawValue: ConformanceData.absence)))
struct CredentialVectorTests {
  /// Before every time in the rows, most of which have long passed.
  private static let clock = "2000-01-01T00:00:00Z"

  @Test("the whole chain asks as the SDKs ask, and finds what they find", arguments: VectorFile.rows("aws_config", ["credential_chain"]))
  func chain(row: JSONValue) throws {
    let replay = ReplayedExchange(row["input"]["http_exchanges"].items)
    let bench = AWSBench(
      environment: row["input"]["env"].texts, files: row["input"]["fs"].texts, clock: Self.clock, exchange: replay)
    var host = bench.host
    host.runProcess = CredentialVectorTests.pipeline
    let connection = AWSConnection(AWSSettings(), host: host)
    let expected = row["expect"]["Ok"]
    if expected.isNull {
      let fault = #expect(throws: Fault.self) { try connection.credentials() }
      #expect(fault?.code == .credentials)
    } else {
      try CredentialVectorTests.expect(try connection.credentials(), expected)
      #expect(replay.count == row["input"]["http_exchanges"].items.count)
    }
    #expect(replay.surprises.isEmpty)
  }

  /// What the two commands of the rows do in a shell, which is not used here.
  @Sendable private static func pipeline(_ words: [String]) throws -> [UInt8] {
    guard words.count > 1, words[0] == "echo", let data = Data(base64Encoded: words[1]) else {
      throw Fault(.credentials, "The program ended with exit status 1")
    }
    return Array(data)
  }

  private static func expect(_ found: AWSCredentials, _ expected: JSONValue) throws {
    #expect(found.accessKeyID == expected["access_key_id"].text)
    #expect(found.secretAccessKey == expected["secret_access_key"].text)
    #expect(found.sessionToken == expected["session_token"].text)
    if let account = expected["account_id"].text { #expect(found.accountID == account) }
    if let expiry = expected["expiry"].number { #expect(found.expiration == Timestamp(seconds: Int64(expiry))) }
  }

  @Test("a profile's roles are followed as the SDKs follow them", arguments: VectorFile.rows("aws_config", ["assume_role_chain"]))
  func roles(row: JSONValue) throws {
    let profiles = row["input"]["profiles"]
    let text = profiles.keys.map { name in
      "[profile \(name)]\n" + profiles[name].texts.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)\n" }.joined()
    }
    let config = try SharedConfig(config: text.joined(), credentials: "")
    let selected = row["input"]["selected_profile"].text ?? ""
    guard row["expect"]["Error"].isNull else {
      let fault = #expect(throws: Fault.self) { try ProfilePlan(selected, in: config) }
      #expect(fault?.code == .credentials)
      return
    }
    let steps = row["expect"]["ProfileChain"].items
    let plan = try ProfilePlan(selected, in: config)
    switch try #require(plan.base) {
    case .key(let key):
      let wanted = try #require(steps.first)["AccessKey"]
      #expect(key.accessKeyID == wanted["access_key_id"].text && key.secretAccessKey == wanted["secret_access_key"].text)
      #expect(key.accountID == wanted["account_id"].text)
    case .webIdentity(let role, let file):
      let wanted = try #require(steps.first)["WebIdentityToken"]
      #expect(role.arn == wanted["role_arn"].text && file == wanted["web_identity_token_file"].text)
    default: Issue.record("no row has another base")
    }
    let roles = steps.dropFirst().map { $0["AssumeRole"] }
    #expect(plan.roles.map(\.arn) == roles.compactMap { $0["role_arn"].text })
    #expect(plan.roles.map(\.sessionName) == roles.map { $0["role_session_name"].text })
    #expect(plan.roles.map(\.externalID) == roles.map { $0["external_id"].text })
  }

  @Test("a container's address is judged as the SDKs judge it", arguments: VectorFile.rows("aws_config", ["ecs_uri"]))
  func container(row: JSONValue) throws {
    let environment = row["input"]["env"].texts
    if let url = row["expect"]["Ok"].text {
      #expect(try ContainerEndpoint(environment: environment)?.url == url)
    } else {
      #expect(throws: Fault.self) { try ContainerEndpoint(environment: environment) }
    }
  }

  @Test("the instance's metadata is asked where the SDKs ask", arguments: VectorFile.rows("aws_config", ["imds_endpoint"]))
  func metadata(row: JSONValue) throws {
    var environment = row["input"]["env"].texts
    if row["name"].text == "explicit endpoint override" {
      // It is given in code there, and not in the row; here the variable is what beats all else.
      environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "https://custom"
    }
    let bench = AWSBench(environment: environment, files: row["input"]["fs"].texts)
    let configuration = AWSConfiguration(AWSSettings(), host: bench.host)
    if let url = row["expect"]["Ok"].text {
      #expect(try InstanceMetadata.endpoint(configuration) + "/latest/api/token" == url)
    } else {
      #expect(throws: Fault.self) { try InstanceMetadata.endpoint(configuration) }
    }
  }

  @Test("tokens of single sign-on are found in the cache", arguments: VectorFile.rows("aws_config", ["token_chain"]))
  func token(row: JSONValue) throws {
    let bench = AWSBench(environment: row["input"]["env"].texts, files: row["input"]["fs"].texts, clock: Self.clock)
    let config = try SharedConfig(bench.host)
    let session = try #require(config.profiles["default"]?["sso_session"])
    let token = SingleSignOnToken(session: session, startURL: config.ssoSessions[session]?["sso_start_url"] ?? "", profile: "default")
    let content = try token.read(bench.host)
    #expect(content.accessToken == row["expect"]["Ok"]["token"].text)
    #expect(content.expiresAt == row["expect"]["Ok"]["expiration"].text)
    bench.clocks.step(.seconds(86_400 * 365 * 90))
    let fault = #expect(throws: Fault.self) { try token.read(bench.host) }
    #expect(fault?.description.contains("aws sso login --profile default") == true)
  }

  @Test("sessions of aws login are used while they are valid", arguments: VectorFile.rows("aws_config", ["login_provider"]))
  func login(row: JSONValue) throws {
    let cache = row["input"]["cacheContents"]
    let folder = TemporaryFolder()
    for name in cache.keys { _ = folder.file(name, String(decoding: try JSONEncoder().encode(cache[name]), as: UTF8.self)) }
    let config = folder.file("config", row["input"]["configContents"].text ?? "")
    let environment = [
      "AWS_LOGIN_CACHE_DIRECTORY": folder.path, "AWS_PROFILE": "signin", "AWS_CONFIG_FILE": config, "AWS_EC2_METADATA_DISABLED": "true",
    ]
    let connection = AWSConnection(AWSSettings(), host: AWSHost(environment: environment, clocks: SetClocks()))
    let expected = try #require(row["expect"]["outcomes"].items.first)
    guard expected["result"].text == "credentials" else {
      let fault = #expect(throws: Fault.self) { try connection.credentials() }
      #expect(fault?.description.contains("aws login") == true)
      return
    }
    let found = try connection.credentials()
    #expect(found.accessKeyID == expected["accessKeyId"].text && found.secretAccessKey == expected["secretAccessKey"].text)
    #expect(found.sessionToken == expected["sessionToken"].text && found.accountID == expected["accountId"].text)
  }
}
