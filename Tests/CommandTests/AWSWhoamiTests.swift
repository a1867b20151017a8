import DrillTestSupport
import Testing

@Suite("As whom AWS is asked")
struct AWSWhoamiTests {
  private static let identity =
    "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:sts::123456789012:assumed-role/backup-drills/drillmark</Arn>"
    + "<UserId>X</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
  private static let keys = [
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "s3cr3t-value", "AWS_SESSION_TOKEN": "t0k3n-value",
  ]

  private static func error(_ code: String) -> String {
    "<ErrorResponse><Error><Code>\(code)</Code><Message>no</Message></Error><RequestId>r</RequestId></ErrorResponse>"
  }

  private static func site() -> ScratchSite {
    ScratchSite("notify:\n  - sns: {topic: \"arn:aws:sns:eu-west-1:123456789012:dr-drills\"}\n")
  }

  @Test("the provider, account, role, region, endpoints and needed actions are said, as text and as JSON, and no secret")
  func found() async {
    let server = ScriptedHTTPServer(.answer(200, body: Self.identity))
    let site = Self.site()
    let environment = Self.keys.merging(["AWS_ENDPOINT_URL_STS": server.url, "AWS_REGION": "eu-west-1"]) { $1 }
    let text = await site.run("aws", "whoami", environment: environment)
    #expect(text.status == 0, "\(text.said)")
    for expected in [
      "source    the environment", "AKID…MPLE", "123456789012", "role      backup-drills", "eu-west-1, by AWS_REGION",
      "sts at \(server.url), by AWS_ENDPOINT_URL_STS", "sns at https://sns.eu-west-1.amazonaws.com",
      "sns:Publish on arn:aws:sns:eu-west-1:123456789012:dr-drills",
    ] {
      #expect(text.stdout.contains(expected), "\(expected): \(text.stdout)")
    }
    let json = await site.run("aws", "whoami", "--json", environment: environment)
    #expect(json.record["account"].text == "123456789012")
    #expect(json.record["needs"].items.first?["action"].text == "sns:Publish")
    #expect(json.record["region_origin"].text == "AWS_REGION")
    #expect(!(text.said + json.said).contains("s3cr3t-value") && !(text.said + json.said).contains("t0k3n-value"))
  }

  @Test(
    "what is wrong is said in one line, with exit status 2",
    arguments: [
      ("SignatureDoesNotMatch", "secret key"), ("InvalidClientTokenId", "not known"), ("ExpiredToken", "expired"),
      ("AccessDenied", "sts:GetCallerIdentity"),
    ])
  func refused(code: String, expected: String) async {
    let server = ScriptedHTTPServer(.answer(403, body: Self.error(code)))
    let result = await Self.site().run("aws", "whoami", environment: Self.keys.merging(["AWS_ENDPOINT_URL": server.url]) { $1 })
    #expect(result.status == 2)
    #expect(result.stderr.contains(expected), "\(result.said)")
    #expect(!result.said.contains("s3cr3t-value"))
    #expect(result.stdout.contains("source    the environment"), "what is known is said all the same")
  }

  @Test("without credentials it says so, and what the site would need")
  func none() async {
    let result = await Self.site().run("aws", "whoami")
    #expect(result.status == 2)
    #expect(result.stderr.contains("No AWS credentials were found"))
    #expect(result.stdout.contains("sns:Publish"))
  }

  @Test("a clock an hour off is corrected and told")
  func clock() async {
    let server = ScriptedHTTPServer { _, index in
      index == 0
        ? .answer(403, headers: [("Date", "Sun, 22 Nov 2099 04:00:00 GMT")], body: Self.error("RequestTimeTooSkewed"))
        : .answer(200, body: Self.identity)
    }
    let result = await Self.site().run("aws", "whoami", environment: Self.keys.merging(["AWS_ENDPOINT_URL": server.url]) { $1 })
    #expect(result.status == 0, "\(result.said)")
    #expect(result.stdout.contains("behind AWS's"))
  }

  @Test("a program of the operator's gives the key, without a shell and without its output in anything that is shown")
  func process() async {
    let server = ScriptedHTTPServer(.answer(200, body: Self.identity))
    let site = Self.site()
    let key = "{\"Version\": 1, \"AccessKeyId\": \"ASIAPROCESS\", \"SecretAccessKey\": \"s3cr3t-value\"}"
    let file = site.file("key.json", key)
    func run(_ command: String) async -> CommandResult {
      let config = site.file("config", "[default]\ncredential_process = \(command)\n")
      return await site.run("aws", "whoami", environment: ["AWS_CONFIG_FILE": config, "AWS_ENDPOINT_URL": server.url])
    }
    let good = await run("/bin/cat '\(file)'")
    #expect(good.status == 0 && good.stdout.contains("by credential_process") && good.stdout.contains("ASIA…CESS"), "\(good.said)")
    for (command, expected) in [
      ("/bin/cat \(file) | sh", "exit status"), ("/bin/false", "exit status 1"), ("/bin/echo s3cr3t-value", "version 1"),
      ("/nowhere/tool", "credential_process /nowhere/tool is not on this machine"), ("/usr/bin/head -c 100000 /dev/zero", "64 KiB"),
      ("'open", "quote"),
    ] {
      let bad = await run(command)
      #expect(bad.status == 2 && bad.stderr.contains(expected), "\(command): \(bad.said)")
      #expect(!bad.said.contains("s3cr3t-value"))
    }
  }

  @Test("a site that asks nothing of AWS needs nothing")
  func nothing() async {
    let result = await ScratchSite().run("aws", "whoami")
    #expect(result.status == 2 && result.stdout.contains("needs     nothing in AWS"))
  }
}
