import AWSClient
import DrillModel
import HTTPTransport
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

  @Test("a services section that is not there is no leave to ask Amazon, unless something closer says where")
  func missingServices() throws {
    func url(_ environment: [String: String]) throws -> String {
      let files = ["/h/.aws/config": "[default]\nservices = typo\n[services s]\nsns =\n  endpoint_url = https://sns.example\n"]
      let bench = AWSBench(environment: environment.merging(["HOME": "/h"]) { $1 }, files: files)
      return try bench.connection().endpoint(service: "sns", region: "eu-west-1").url
    }
    let fault = #expect(throws: Fault.self) { try url([:]) }
    #expect(fault?.code == .configuration && fault?.message.contains("[services typo]") == true)
    #expect(try url(["AWS_ENDPOINT_URL": "https://near.example"]) == "https://near.example")
    #expect(try url(["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"]) == "https://sns.eu-west-1.amazonaws.com")
  }

  @Test("an endpoint that is left empty is none")
  func emptyEndpoint() throws {
    let services = "[services s]\nsns =\n  endpoint_url =\n"
    let files = ["/h/.aws/config": "[default]\nendpoint_url =\n[profile p]\nservices = s\nendpoint_url = https://all.example\n\(services)"]
    for (environment, url) in [
      (["HOME": "/h", "AWS_ENDPOINT_URL": ""], "https://sns.eu-west-1.amazonaws.com"),
      (["HOME": "/h", "AWS_PROFILE": "p"], "https://all.example"),
    ] {
      let connection = AWSBench(environment: environment, files: files).connection()
      #expect(try connection.endpoint(service: "sns", region: "eu-west-1").url == url)
    }
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

  @Test(
    "services have the names that AWS's own endpoint rules give them",
    arguments: [
      ("s3", "eu-west-1", false, false, "s3.eu-west-1.amazonaws.com"),
      ("s3", "eu-west-1", false, true, "s3.dualstack.eu-west-1.amazonaws.com"),
      ("s3", "eu-west-1", true, false, "s3-fips.eu-west-1.amazonaws.com"),
      ("s3", "us-gov-west-1", true, true, "s3-fips.dualstack.us-gov-west-1.amazonaws.com"),
      ("s3", "cn-north-1", false, true, "s3.dualstack.cn-north-1.amazonaws.com.cn"),
      ("sts", "us-gov-west-1", true, false, "sts.us-gov-west-1.amazonaws.com"),
      ("sts", "us-gov-west-1", true, true, "sts-fips.us-gov-west-1.api.aws"),
      ("rds", "us-east-1", true, false, "rds-fips.us-east-1.amazonaws.com"), ("rds", "eu-west-1", false, true, "rds.eu-west-1.api.aws"),
      ("ec2", "us-gov-west-1", true, false, "ec2.us-gov-west-1.amazonaws.com"),
      ("ec2", "cn-north-1", true, false, "ec2-fips.cn-north-1.amazonaws.com.cn"),
      ("backup", "us-gov-west-1", true, false, "backup-fips.us-gov-west-1.amazonaws.com"),
      ("monitoring", "us-gov-west-1", true, true, "monitoring.us-gov-west-1.api.aws"),
      ("monitoring", "eu-west-1", true, true, "monitoring-fips.eu-west-1.api.aws"),
      ("portal.sso", "us-east-2", true, true, "portal.sso-fips.us-east-2.api.aws"),
      ("sns", "us-iso-east-1", false, true, "sns.us-iso-east-1.api.aws.ic.gov"),
      ("sns", "eusc-de-east-1", false, false, "sns.eusc-de-east-1.amazonaws.eu"),
    ])
  func services(service: String, region: String, fips: Bool, dualStack: Bool, host: String) throws {
    #expect(try AWSEndpoint(service: service, region: region, usesFIPS: fips, usesDualStack: dualStack).url == "https://\(host)")
  }

  @Test("S3 has no FIPS endpoint in China, which is said and not worked around")
  func noFIPS() {
    #expect(throws: Fault.self) { try AWSEndpoint(service: "s3", region: "cn-north-1", usesFIPS: true) }
  }

  @Test("a service that its host names call otherwise is configured by the name that AWS's tools use")
  func names() throws {
    let variables = ["AWS_ENDPOINT_URL_CLOUDWATCH": "http://c", "AWS_ENDPOINT_URL_SSO": "http://s", "AWS_ENDPOINT_URL_S3": "http://3"]
    for (service, url) in [("monitoring", "http://c"), ("portal.sso", "http://s"), ("s3", "http://3")] {
      let endpoint = try connection(variables).endpoint(service: service, region: "eu-west-1")
      #expect(endpoint.url == url && endpoint.isConfigured && endpoint.origin?.hasPrefix("AWS_ENDPOINT_URL_") == true)
    }
  }

  @Test("the profile's authorities count where the environment names none for AWS")
  func authorities() {
    let config = ["/h/.aws/config": "[default]\nca_bundle = /etc/profile.pem\n"]
    func file(_ environment: [String: String]) -> String? {
      AWSBench(environment: environment.merging(["HOME": "/h"]) { $1 }, files: config).connection().network.certificateAuthorities
    }
    #expect(file([:]) == "/etc/profile.pem")
    #expect(file(["SSL_CERT_FILE": "/etc/ssl.pem"]) == "/etc/profile.pem")
    #expect(file(["AWS_CA_BUNDLE": "/etc/aws.pem"]) == "/etc/aws.pem")
  }

  @Test("the retry mode gives the number of attempts, and one that nobody knows is refused")
  func attempts() throws {
    #expect(try connection([:]).maximumAttempts() == 3)
    #expect(try connection(["AWS_RETRY_MODE": "adaptive"]).maximumAttempts() == 3)
    #expect(try connection(["AWS_RETRY_MODE": "legacy"]).maximumAttempts() == 5)
    #expect(try connection(["AWS_RETRY_MODE": "legacy", "AWS_MAX_ATTEMPTS": "2"]).maximumAttempts() == 2)
    #expect(throws: Fault.self) { try connection(["AWS_RETRY_MODE": "never"]).maximumAttempts() }
  }
}
