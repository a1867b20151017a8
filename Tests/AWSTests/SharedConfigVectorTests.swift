import AWSClient
import AWSSigning
import DrillModel
import DrillTestSupport
import Testing

@Suite("AWS's shared files against open vectors", .enabled(if: VectorFile.isThere, Comment(rawValue: ConformanceData.absence)))
struct SharedConfigVectorTests {
  @Test("every row of the profile parser reads as AWS reads it", arguments: VectorFile.rows("aws_config", ["profile_parser"]))
  func parser(row: JSONValue) throws {
    let input = row["input"].texts
    let expected = row["expect"]
    if let message = expected["errorContaining"].text {
      let error = #expect(throws: Fault.self) {
        try SharedConfig(config: input["configFile"] ?? "", credentials: input["credentialsFile"] ?? "")
      }
      #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
      return
    }
    let config = try SharedConfig(config: input["configFile"] ?? "", credentials: input["credentialsFile"] ?? "")
    #expect(config.profiles == SharedConfigVectorTests.sections(expected["config"]["profiles"]))
    #expect(config.ssoSessions == SharedConfigVectorTests.sections(expected["config"]["sso_sessions"]))
  }

  @Test("every row of botocore's files reads as botocore reads it", arguments: VectorFile.rows("aws_config", ["botocore_config_file"]))
  func botocore(row: JSONValue) throws {
    let text = row["input"]["content"].text ?? ""
    guard row["expect"]["error"].isNull else {
      #expect(throws: Fault.self) { try SharedConfig(config: text, credentials: "") }
      return
    }
    let config = try SharedConfig(config: text, credentials: "")
    let expected = row["expect"]["ok"]
    #expect(config.profiles.keys.sorted() == expected["profiles"].keys)
    #expect(config.ssoSessions == SharedConfigVectorTests.sections(expected["sso_sessions"]))
    for (group, found) in [("profiles", config.profiles), ("services", config.services)] {
      for name in expected[group].keys {
        for key in expected[group][name].keys {
          let value = found[name]?[key] ?? ""
          let wanted = expected[group][name][key]
          #expect(wanted.text.map { $0 == value } ?? (SharedConfig.subkeys(value) == wanted.texts), "\(name).\(key)")
        }
      }
    }
  }

  @Test("the files lie where AWS's tools look", arguments: VectorFile.rows("aws_config", ["file_location"]))
  func location(row: JSONValue) {
    let places = SharedConfigLocations(environment: row["input"]["environment"].texts)
    #expect(places.config == row["expect"]["configLocation"].text)
    #expect(places.credentials == row["expect"]["credentialsLocation"].text)
  }

  /// Rows of the credential chain that need neither a role, a network nor a program; the others belong to providers that are not
  /// built yet: assume-role, web identity, single sign-on, processes, containers, instance metadata.
  private static let plainChain: Set<String> = [
    "aws_config/credential_chain/0129", "aws_config/credential_chain/0139", "aws_config/credential_chain/0142",
  ]

  @Test(
    "keys of the environment and of profiles are found in AWS's order",
    arguments: VectorFile.rows("aws_config", ["credential_chain"]).filter { plainChain.contains($0["id"].text ?? "") })
  func chain(row: JSONValue) throws {
    let bench = AWSBench(environment: row["input"]["env"].texts, files: row["input"]["fs"].texts)
    let credentials = try bench.connection().credentials()
    #expect(credentials.accessKeyID == row["expect"]["Ok"]["access_key_id"].text)
    #expect(credentials.secretAccessKey == row["expect"]["Ok"]["secret_access_key"].text)
  }

  @Test(
    "a profile that asks for a role gets a fault that says so, never the key that also stands in it",
    arguments: VectorFile.rows("aws_config", ["assume_role_chain"]).filter {
      $0["input"]["profiles"][$0["input"]["selected_profile"].text ?? ""].keys.contains("role_arn")
    })
  func roles(row: JSONValue) throws {
    let profiles = row["input"]["profiles"]
    let text = profiles.keys.map { name in
      "[profile \(name)]\n" + profiles[name].texts.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)\n" }.joined()
    }
    let bench = AWSBench(environment: ["HOME": "/h", "AWS_PROFILE": "A"], files: ["/h/.aws/config": text.joined()])
    let error = #expect(throws: Fault.self) { try bench.connection().credentials() }
    #expect(error?.message.contains("role_arn") == true)
    #expect(error?.code == .credentials)
  }

  private static func sections(_ value: JSONValue) -> [String: [String: String]] {
    Dictionary(uniqueKeysWithValues: value.keys.map { ($0, value[$0].texts) })
  }
}
