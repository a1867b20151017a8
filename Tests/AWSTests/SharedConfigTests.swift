import AWSClient
import DrillModel
import Testing

@Suite("AWS's shared files, as people write them")
struct SharedConfigTests {
  @Test("a byte order mark and line ends of other systems are no part of a file", arguments: ["\n", "\r\n"])
  func marks(end: String) throws {
    let config = try SharedConfig(
      config: "\u{FEFF}" + ["[default]", "region = eu-west-1", "s3 =", "  max_queue_size = 1", ""].joined(separator: end),
      credentials: "\u{FEFF}" + ["[default]", "aws_access_key_id = A", "aws_secret_access_key = S"].joined(separator: end))
    #expect(config.profiles["default"]?["region"] == "eu-west-1" && config.profiles["default"]?["aws_secret_access_key"] == "S")
    #expect(SharedConfig.subkeys(config.profiles["default"]?["s3"] ?? "") == ["max_queue_size": "1"])
    #expect(throws: Fault.self, "a mark within a file is a letter like any other") {
      try SharedConfig(config: "[default]\n\u{FEFF}[other]\n", credentials: "")
    }
  }

  @Test("a key whose name no SDK reads is left out with what goes on below it, and the others are kept")
  func names() throws {
    let text = "[profile p]\nin valid = 1\n  more\nname = 2\nüber = 3\na/b.c%d@e:f+g-h_9 = 4\n"
    #expect(try SharedConfig(config: text, credentials: "").profiles["p"] == ["name": "2", "a/b.c%d@e:f+g-h_9": "4"])
  }

  @Test("a sub-key needs a name, and its value may be empty")
  func subkeys() throws {
    let fault = #expect(throws: Fault.self) { try SharedConfig(config: "[profile p]\ns3 =\n = value\n", credentials: "") }
    #expect(fault?.message.contains("line 3: Sub-property did not have a name") == true)
    let config = try SharedConfig(config: "[profile p]\ns3 =\n name =\n\n other = x = y\n", credentials: "")
    #expect(SharedConfig.subkeys(config.profiles["p"]?["s3"] ?? "") == ["name": "", "other": "x = y"])
  }
}
