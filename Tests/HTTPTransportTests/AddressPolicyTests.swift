import HTTPTransport
import Testing

@Suite("Which addresses may be reached")
struct AddressPolicyTests {
  @Test(
    "every spelling of a metadata, link-local or nobody's address is refused",
    arguments: [
      "169.254.169.254", "169.254.170.2", "2852039166", "0xA9FEA9FE", "0xa9.0xfe.0xa9.0xfe", "0251.0376.0251.0376", "169.16689662",
      "169.254.43518", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[::169.254.169.254]", "[64:ff9b::169.254.169.254]",
      "[64:ff9b:1::a9fe:a9fe]",
      "[2002:a9fe:a9fe::1]", "[fd00:ec2::254]", "[fd00:0ec2:0:0:0:0:0:254]", "[fe80::1]", "[fe80::1%25eth0]", "[febf::1]", "0.0.0.0", "0",
      "[::]", "224.0.0.1", "[ff02::1]", "255.255.255.255", "100.100.100.200", "169.254.169.254.", "metadata.google.internal",
      "METADATA.google.internal.", "instance-data",
    ])
  func refused(host: String) {
    #expect(AddressPolicy.noMetadata.refusal(host: host) != nil)
    #expect(AddressPolicy.any.refusal(host: host) == nil, "the provider of an instance's credentials may")
  }

  @Test(
    "services' addresses and names are not refused",
    arguments: [
      "127.0.0.1", "[::1]", "10.0.0.1", "192.168.1.1", "169.253.255.255", "169.255.0.1", "[fd00:ec3::1]", "[2001:db8::1]",
      "[fec0::1]", "hooks.slack.com", "localhost", "169.254.169.254.example.com", "metadata.example.com",
    ])
  func reachable(host: String) {
    #expect(AddressPolicy.noMetadata.refusal(host: host) == nil)
  }

  @Test("loopback alone is this machine", arguments: [("127.0.0.1", true), ("127.9.9.9", true), ("[::1]", true), ("10.0.0.1", false)])
  func loopback(host: String, isAllowed: Bool) {
    #expect((AddressPolicy.loopback.refusal(host: host) == nil) == isAllowed)
  }
}
