import AWSClient
import AWSSigning
import DrillModel
import DrillTestSupport
import HTTPTransport
import Testing

@Suite("Roles and sessions")
struct RoleTests {
  private static let base =
    "[profile base]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY\n"

  /// STS as it answers: a numbered session for each role.
  private static func answer(_ request: RecordedRequest, _ index: Int) -> ScriptedReply {
    let action = request.form["Action"] ?? ""
    let session =
      "<Credentials><AccessKeyId>ASIASESSION\(index)</AccessKeyId><SecretAccessKey>secret-of-\(index)</SecretAccessKey>"
      + "<SessionToken>token-of-\(index)</SessionToken><Expiration>2026-11-21T05:00:00Z</Expiration></Credentials>"
    let role = request.form["RoleArn"]?.split(separator: "/").last ?? ""
    let user = "<AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/\(role)/drillmark</Arn></AssumedRoleUser>"
    return .answer(200, body: "<\(action)Response><\(action)Result>\(session)\(user)</\(action)Result></\(action)Response>")
  }

  private func connection(_ config: String, _ server: ScriptedHTTPServer, settings: AWSSettings = AWSSettings(profile: "drills"))
    -> (AWSConnection, AWSBench)
  {
    let bench = AWSBench(environment: ["HOME": "/h", "AWS_REGION": "eu-west-1"], files: ["/h/.aws/config": config, "/t": "eyJ.web\n"])
    var host = bench.host
    host.http = { try HTTPClient() }
    var settings = settings
    settings.endpoint = server.url
    return (AWSConnection(settings, host: host), bench)
  }

  @Test("a chain of roles is taken on in order, each signed by the one before, with everything the profile says")
  func chained() throws {
    let server = ScriptedHTTPServer(Self.answer)
    let config =
      Self.base + "[profile middle]\nrole_arn = arn:aws:iam::123456789012:role/middle\nsource_profile = base\n"
      + "[profile drills]\nrole_arn = arn:aws:iam::210987654321:role/drills\nsource_profile = middle\nexternal_id = x-1\n"
      + "role_session_name = night\nduration_seconds = 1800\n"
    let (connection, bench) = connection(config, server)
    let found = try connection.provided()
    #expect(found.credentials.sessionToken == "token-of-1" && found.credentials.accountID == "123456789012")
    #expect(found.source.contains("profile base") && found.source.contains("role/drills"))
    let forms = server.requests.map(\.form)
    #expect(forms.map { $0["RoleArn"] } == ["arn:aws:iam::123456789012:role/middle", "arn:aws:iam::210987654321:role/drills"])
    #expect(forms.map { $0["RoleSessionName"] } == ["drillmark", "night"])
    #expect(forms[1]["ExternalId"] == "x-1" && forms[1]["DurationSeconds"] == "1800")
    let keys = server.requests.map { $0.header("Authorization")?.contains("ASIASESSION0") == true }
    #expect(keys == [false, true])
    #expect(server.requests[1].header("X-Amz-Security-Token") == "token-of-0")
    _ = try connection.credentials()
    #expect(server.requests.count == 2, "a session is kept")
    bench.clocks.step(.seconds(50 * 60))
    _ = try connection.credentials()
    #expect(server.requests.count == 4, "and renewed before it ends")
  }

  @Test("the site's role is taken on with whatever credentials there are")
  func siteRole() throws {
    let server = ScriptedHTTPServer(Self.answer)
    let role = "arn:aws:iam::123456789012:role/site"
    let (connection, _) = connection(Self.base, server, settings: AWSSettings(profile: "base", roleARN: role))
    #expect(try connection.provided().source == "profile base, as \(role)")
    #expect(server.requests.map { $0.form["RoleArn"] } == [role])
  }

  @Test("a web identity is exchanged without a signature, its token read anew")
  func webIdentity() throws {
    let server = ScriptedHTTPServer(Self.answer)
    let config = "[profile drills]\nrole_arn = arn:aws:iam::123456789012:role/pod\nweb_identity_token_file = /t\n"
    #expect(try connection(config, server).0.credentials().accessKeyID == "ASIASESSION0")
    let request = try #require(server.requests.first)
    #expect(request.form["WebIdentityToken"] == "eyJ.web")
    #expect(request.header("Authorization") == nil && request.header("X-Amz-Date") == nil)
  }

  @Test("what refuses a web identity and repeats its token is told without it")
  func webIdentityHidden() {
    let server = ScriptedHTTPServer(.answer(400, body: SNSAnswers.error("InvalidIdentityToken", "the token eyJhbGciOi.J9.x-y is old")))
    let bench = AWSBench(
      environment: ["AWS_REGION": "eu-west-1", "AWS_WEB_IDENTITY_TOKEN_FILE": "/t", "AWS_ROLE_ARN": "arn:aws:iam::1:role/x"],
      files: ["/t": "eyJhbGciOi.J9.x-y\n"])
    var host = bench.host
    host.http = { try HTTPClient() }
    let fault = #expect(throws: Fault.self) { try AWSConnection(AWSSettings(endpoint: server.url), host: host).credentials() }
    let text = fault.map { "\($0)" } ?? ""
    #expect(text.contains("the token [hidden] is old") && !text.contains("eyJ"), "\(text)")
  }

  @Test("a web identity that has expired is told as such, and somebody renews it")
  func webIdentityExpired() {
    let server = ScriptedHTTPServer(.answer(400, body: SNSAnswers.error("ExpiredTokenException", "Token expired: current time is later")))
    let config = "[profile drills]\nrole_arn = arn:aws:iam::123456789012:role/pod\nweb_identity_token_file = /t\n"
    let fault = #expect(throws: Fault.self) { try connection(config, server).0.credentials() }
    #expect(fault?.message.hasSuffix("ExpiredTokenException: Token expired: current time is later") == true, "\(fault?.message ?? "")")
    #expect(fault?.isTransient == true)
  }

  @Test(
    "what cannot be followed is refused before anybody is asked",
    arguments: [
      ("role_arn = r\nsource_profile = base\nmfa_serial = arn:aws:iam::1:mfa/me", "MFA"),
      ("role_arn = r\nsource_profile = base\nduration_seconds = 60", "duration_seconds"),
      ("role_arn = r\ncredential_source = Laptop", "credential_source"),
      ("role_arn = r\ncredential_source = Environment", "there are none"),
      ("role_arn = r\nsource_profile = drills", "no credentials"),
    ])
  func unfollowable(text: String, expected: String) {
    let server = ScriptedHTTPServer(Self.answer)
    let (connection, _) = connection(Self.base + "[profile drills]\n\(text)\n", server)
    let fault = #expect(throws: Fault.self) { try connection.credentials() }
    #expect(fault?.description.contains(expected) == true, "\(fault?.description ?? "")")
    #expect(server.requests.isEmpty)
  }

  @Test("a role that AWS refuses names the caller, the role and the missing action, and no secret")
  func denied() {
    let server = ScriptedHTTPServer(.answer(403, body: SNSAnswers.error("AccessDenied", "no")))
    let (connection, _) = connection(
      Self.base + "[profile drills]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = base\n", server)
    let fault = #expect(throws: Fault.self) { try connection.credentials() }
    let text = fault?.description ?? ""
    #expect(text.contains("AKID…MPLE") && text.contains("arn:aws:iam::1:role/x") && text.contains("sts:AssumeRole"))
    #expect(!text.contains("wJalr"))
    #expect(fault?.isTransient == false)
  }

  /// EC2 says RequestExpired of a session, too.
  @Test("a session that AWS says has expired is renewed, once, and the call repeated", arguments: ["ExpiredToken", "RequestExpired"])
  func renewed(code: String) throws {
    let role = "arn:aws:iam::123456789012:role/site"
    let sts = ScriptedHTTPServer(Self.answer)
    for isHopeless in [false, true] {
      let sns = ScriptedHTTPServer { request, index in
        index == 0 || isHopeless
          ? .answer(403, body: SNSAnswers.error(code, "expired")) : .answer(200, body: SNSAnswers.published("m"))
      }
      let environment = AWSBench.keys.merging(["AWS_ENDPOINT_URL_STS": sts.url, "AWS_ENDPOINT_URL_SNS": sns.url]) { $1 }
      var host = AWSBench(environment: environment).host
      host.http = { try HTTPClient() }
      let connection = AWSConnection(AWSSettings(roleARN: role), host: host)
      let outcome = SNSClient(connection, http: try HTTPClient()).publish(AWSBench.message())
      if isHopeless {
        guard case .transient(code, let text, _) = outcome, text.contains("renew") else {
          Issue.record("it is told")
          continue
        }
      } else {
        #expect(outcome == .delivered(messageID: "m"))
      }
      #expect(sns.requests.count == 2)
      #expect(Set(sns.requests.compactMap { $0.header("X-Amz-Security-Token") }).count == 2)
    }
  }

  @Test("a public bucket is asked without a signature and without credentials")
  func anonymous() throws {
    let server = ScriptedHTTPServer(.answer(200, body: "x"))
    let connection = AWSBench(environment: [:]).connection(AWSSettings(endpoint: server.url))
    var request = AWSRequest(service: "s3", region: "eu-west-1", method: "GET", path: "/bucket/key", rules: .s3)
    request.isAnonymous = true
    #expect(try AWSCaller(connection, http: try HTTPClient()).call(request, mayRepeat: true).status == 200)
    let names = server.requests.first?.headers.map { $0.name.lowercased() } ?? []
    #expect(!names.contains("authorization") && !names.contains { $0.hasPrefix("x-amz") })
  }

  @Test(
    "a command is split as a shell splits it, and nothing in it is carried out",
    arguments: [
      ("/bin/get --for drills", ["/bin/get", "--for", "drills"]), ("get 'a b' \"c $(id)\" d\\ e", ["get", "a b", "c $(id)", "d e"]),
      ("get '' \"\\\"x\\n\"", ["get", "", "\"x\\n"]), ("get `id` | sh", ["get", "`id`", "|", "sh"]), ("  ", []),
    ])
  func words(text: String, expected: [String]) {
    #expect(CredentialProcess.words(text) == expected)
    #expect(CredentialProcess.words(text + " 'open") == nil)
  }
}
