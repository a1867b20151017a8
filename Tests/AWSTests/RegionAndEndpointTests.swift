import AWSClient
import DrillModel
import Testing

@Suite("Regions and endpoints")
struct RegionAndEndpointTests {
  private static let config =
    "[default]\nregion = eu-west-3\n[profile other]\nregion = eu-north-1\nendpoint_url = https://all.example.com\nservices = mine\n[services mine]\nsns =\n  endpoint_url = https://sns.example.com\n[profile fips]\nuse_fips_endpoint = true\n"

  private func connection(_ environment: [String: String], _ settings: AWSSettings = AWSSettings()) -> AWSConnection {
    AWSBench(environment: environment.merging(["HOME": "/h"]) { $1 }, files: ["/h/.aws/config": Self.config]).connection(settings)
  }

  @Test("the region is ours, the environment's, then the profile's")
  func region() throws {
    #expect(try connection([:]).region() == "eu-west-3")
    #expect(try connection(["AWS_PROFILE": "other"]).region() == "eu-north-1")
    #expect(try connection(["AWS_DEFAULT_REGION": "us-east-2"]).region() == "us-east-2")
    #expect(try connection(["AWS_DEFAULT_REGION": "us-east-2", "AWS_REGION": "us-west-1"]).region() == "us-west-1")
    #expect(try connection(["AWS_REGION": "us-west-1"], AWSSettings(region: "sa-east-1")).region() == "sa-east-1")
    #expect(try connection(["AWS_PROFILE": "fips"]).region() == nil)
  }

  @Test("an endpoint that was written down comes before AWS's, the closest first")
  func configured() throws {
    func url(_ environment: [String: String], _ settings: AWSSettings = AWSSettings(), service: String = "sns") throws -> String {
      try connection(environment, settings).endpoint(service: service, region: "eu-west-1").url
    }
    #expect(try url([:]) == "https://sns.eu-west-1.amazonaws.com")
    #expect(try url(["AWS_PROFILE": "other"]) == "https://sns.example.com")
    #expect(try url(["AWS_PROFILE": "other"], service: "rds") == "https://all.example.com")
    #expect(try url(["AWS_ENDPOINT_URL": "http://127.0.0.1:5000/", "AWS_PROFILE": "other"]) == "http://127.0.0.1:5000")
    #expect(try url(["AWS_ENDPOINT_URL": "http://a", "AWS_ENDPOINT_URL_SNS": "http://b"]) == "http://b")
    #expect(
      try url(["AWS_ENDPOINT_URL": "http://a", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"]) == "https://sns.eu-west-1.amazonaws.com")
    #expect(try url(["AWS_ENDPOINT_URL_SNS": "http://b"], AWSSettings(endpoint: "https://ours.example.com")) == "https://ours.example.com")
  }

  @Test(
    "each partition has its own domain",
    arguments: [
      ("eu-west-1", false, false, "https://sns.eu-west-1.amazonaws.com"),
      ("cn-north-1", false, false, "https://sns.cn-north-1.amazonaws.com.cn"),
      ("us-gov-west-1", false, false, "https://sns.us-gov-west-1.amazonaws.com"),
      ("us-east-1", true, false, "https://sns-fips.us-east-1.amazonaws.com"),
      ("us-east-1", false, true, "https://sns.us-east-1.api.aws"), ("us-east-1", true, true, "https://sns-fips.us-east-1.api.aws"),
      ("cn-north-1", false, true, "https://sns.cn-north-1.api.amazonwebservices.com.cn"),
    ])
  func partitions(region: String, fips: Bool, dualStack: Bool, expected: String) throws {
    #expect(try AWSEndpoint(service: "sns", region: region, usesFIPS: fips, usesDualStack: dualStack).url == expected)
    #expect(
      try connection(["AWS_USE_FIPS_ENDPOINT": "\(fips)", "AWS_USE_DUALSTACK_ENDPOINT": "\(dualStack)"]).endpoint(
        service: "sns", region: region
      ).url == expected)
  }

  @Test(
    "what is no region never becomes part of a host name",
    arguments: ["", "evil.example.com/", "eu west", "EU-WEST-1", "a@b", "-x", "eu-west-1.evil"])
  func noRegion(text: String) {
    #expect(throws: Fault.self) { try AWSEndpoint(service: "sns", region: text) }
  }

  @Test(
    "what is no endpoint is refused, and a password in it is not repeated",
    arguments: ["sns", "ftp://x", "https://", "http://u:hunter2@h", "https://h/?q=1", ""])
  func noEndpoint(text: String) {
    let error = #expect(throws: Fault.self) { try AWSEndpoint(configured: text) }
    #expect(error?.description.contains("hunter2") == false)
  }
}
