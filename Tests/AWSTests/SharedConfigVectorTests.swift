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

  private static func sections(_ value: JSONValue) -> [String: [String: String]] {
    Dictionary(uniqueKeysWithValues: value.keys.map { ($0, value[$0].texts) })
  }
}
