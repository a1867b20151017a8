import AWSClient
import AWSSigning
import DrillModel
import DrillTestSupport
import Testing

@Suite("Credentials")
struct CredentialTests {
  private static let files = [
    "/h/.aws/credentials":
      "[default]\naws_access_key_id = DEFAULTKEY\naws_secret_access_key = s1\n[backup]\ncredential_process = echo\naws_access_key_id = BACKUPKEY\naws_secret_access_key = s2\naws_session_token = t2\n[half]\naws_access_key_id = HALF\n",
    "/h/.aws/config":
      "[profile sso]\nsso_session = x\nsso_account_id = 1\nsso_role_name = r\n[profile process]\ncredential_process = echo\n[profile both]\ncredential_process = echo\naws_access_key_id = OWNKEY\naws_secret_access_key = s3\n[profile web]\nweb_identity_token_file = /t\n[profile login]\nlogin_session = y\n[profile empty]\nregion = eu-west-1\n",
  ]

  private func key(_ environment: [String: String], _ settings: AWSSettings = AWSSettings(), process: String? = nil) throws -> String {
    var host = AWSBench(environment: environment.merging(["HOME": "/h"]) { $1 }, files: CredentialTests.files).host
    if let process {
      host.runProcess = { _ in Array("{\"Version\": 1, \"AccessKeyId\": \"\(process)\", \"SecretAccessKey\": \"s\"}".utf8) }
    }
    return try AWSConnection(settings, host: host).credentials().accessKeyID
  }

  @Test("the environment comes before profiles, unless a file of ours names a profile")
  func order() throws {
    #expect(try key(AWSBench.keys) == "AKIDEXAMPLE")
    #expect(try key([:]) == "DEFAULTKEY")
    #expect(try key(["AWS_PROFILE": "backup"]) == "BACKUPKEY")
    #expect(try key(AWSBench.keys.merging(["AWS_PROFILE": "backup"]) { $1 }) == "AKIDEXAMPLE")
    #expect(try key(AWSBench.keys, AWSSettings(profile: "backup")) == "BACKUPKEY")
    #expect(try key(["AWS_ACCESS_KEY_ID": " ", "AWS_SECRET_ACCESS_KEY": ""]) == "DEFAULTKEY")
    #expect(try key(["AWS_PROFILE": "both"], process: "PROCESSKEY") == "PROCESSKEY", "a key in the config file comes after a process")
    #expect(try key(["AWS_PROFILE": "backup"], process: "PROCESSKEY") == "BACKUPKEY", "one in the credentials file comes before it")
  }

  @Test(
    "what does not work is named, and nobody else is asked",
    arguments: [
      (["AWS_PROFILE": "gone"], "gone"), (["AWS_PROFILE": "half"], "half"), (["AWS_PROFILE": "sso"], "sso-session x"),
      (["AWS_PROFILE": "process"], "credential_process"), (["AWS_PROFILE": "web"], "web_identity_token_file"),
      (["AWS_PROFILE": "login"], "aws login"), (["AWS_ACCESS_KEY_ID": "A"], "AWS_SECRET_ACCESS_KEY"),
      (["AWS_SECRET_ACCESS_KEY": "A"], "AWS_ACCESS_KEY_ID"), (["AWS_PROFILE": "empty"], "No AWS credentials"),
    ])
  func faults(environment: [String: String], expected: String) {
    let error = #expect(throws: Fault.self) { try key(environment) }
    #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
    #expect(error?.code == .credentials)
  }

  @Test("changed files are seen by the next call")
  func rotated() throws {
    let folder = TemporaryFolder()
    _ = folder.file("credentials", "[default]\naws_access_key_id = OLD\naws_secret_access_key = s\n")
    let environment = ["AWS_SHARED_CREDENTIALS_FILE": "\(folder.path)/credentials", "AWS_CONFIG_FILE": "\(folder.path)/none"]
    let connection = AWSConnection(AWSSettings(), host: AWSHost(environment: environment, clocks: SetClocks()))
    #expect(try connection.credentials().accessKeyID == "OLD")
    _ = folder.file("credentials", "[default]\naws_access_key_id = NEW\naws_secret_access_key = s\n")
    #expect(try connection.credentials().accessKeyID == "NEW")
    #expect(try connection.credentialSource() == "profile default")
  }

  @Test("a huge file and a folder in its place are faults")
  func unreadable() throws {
    let folder = TemporaryFolder()
    let huge = folder.file("huge", String(repeating: "#\n", count: 1 << 20))
    for path in [huge, folder.path] {
      let host = AWSHost(environment: ["AWS_SHARED_CREDENTIALS_FILE": path], clocks: SetClocks())
      let error = #expect(throws: Fault.self) { try AWSConnection(AWSSettings(), host: host).credentials() }
      #expect(error?.message.contains(path) == true)
    }
  }

  @Test("keys of the environment work beside a file that cannot be read, unless it was asked for")
  func brokenFile() throws {
    let files = ["/h/.aws/config": "no section\n"]
    let connection = AWSBench(environment: AWSBench.keys.merging(["HOME": "/h"]) { $1 }, files: files).connection()
    #expect(try connection.credentials().accessKeyID == "AKIDEXAMPLE")
    #expect(try connection.endpoint(service: "sns", region: "eu-west-1").url == "https://sns.eu-west-1.amazonaws.com")
    let chosen = AWSBench(environment: ["HOME": "/h", "AWS_PROFILE": "x"], files: files).connection()
    #expect(throws: Fault.self) { try chosen.endpoint(service: "sns", region: "eu-west-1") }
    #expect(throws: Fault.self) { try chosen.credentials() }
  }

  @Test("neither the secret nor the token shows in any way of printing")
  func redacted() {
    let credentials = AWSCredentials(accessKeyID: "AKIDEXAMPLE", secretAccessKey: "s3cr3t-value", sessionToken: "t0k3n-value")
    var dumped = ""
    dump([credentials], to: &dumped)
    let all = "\(credentials) \(String(reflecting: credentials)) \(dumped) \([credentials]) \(String(describing: Optional(credentials)))"
    #expect(!all.contains("s3cr3t-value") && !all.contains("t0k3n-value"))
    #expect(all.contains("AKID…MPLE"))
  }
}
