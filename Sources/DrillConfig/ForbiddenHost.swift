import Glibc

/// Hosts that no message may be sent to, as far as their text tells. What a name stands for is judged when it is sent.
enum ForbiddenHost {
  /// Why messages cannot go to this URL's host; nil when its text says nothing against it.
  static func refusal(url: String) -> String? {
    guard let authority = authority(of: url) else { return "it has no host" }
    let host = host(of: authority)
    let bare = host.hasSuffix(".") ? String(host.dropLast()) : host
    if ["metadata.google.internal", "metadata", "instance-data", "instance-data.ec2.internal"].contains(bare) {
      return "\(bare) is the name of a cloud's metadata service"
    }
    guard let address = address(bare) else { return nil }
    return isReserved(address) ? "\(bare) is a metadata, link-local, multicast or unspecified address" : nil
  }

  /// Why this URL is itself a secret, which must not stand in a file; nil for one that shows none.
  static func secret(in url: String) -> String? {
    guard let authority = authority(of: url) else { return nil }
    if authority.contains("@") { return "this URL holds a password" }
    return host(of: authority) == "hooks.slack.com" ? "a webhook URL of Slack is a secret" : nil
  }

  private static func authority(of url: String) -> String? {
    splitURI(url).map { String($0.rest.prefix { !"/?#\\".contains($0) }) }.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// In lower case, percent-decoded, without user, port and brackets.
  private static func host(of authority: String) -> String {
    let place = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority[...]
    let text = String(place).lowercased()
    let decoded = text.removingPercentEncodingOnce
    if decoded.hasPrefix("[") { return String(decoded.dropFirst().prefix { $0 != "]" && $0 != "%" }) }
    return String(decoded.prefix { $0 != ":" })
  }

  /// 4 or 16 bytes. IPv4 in every spelling of inet_aton(3): decimal, hexadecimal, octal, short.
  private static func address(_ text: String) -> [UInt8]? {
    var four = in_addr()
    var six = in6_addr()
    if inet_aton(text, &four) != 0 { return withUnsafeBytes(of: &four) { Array($0) } }
    return inet_pton(AF_INET6, text, &six) == 1 ? withUnsafeBytes(of: &six) { Array($0) } : nil
  }

  /// RFC 6890, and the addresses at which clouds answer with an instance's credentials.
  private static func isReserved(_ bytes: [UInt8]) -> Bool {
    if bytes.count == 4 {
      return bytes[0] == 0 || bytes[0] >= 224 || (bytes[0] == 169 && bytes[1] == 254) || bytes == [100, 100, 100, 200]
        || bytes == [192, 0, 0, 192]
    }
    let isLoopback = bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1
    if isLoopback { return false }
    if bytes.allSatisfy({ $0 == 0 }) || bytes[0] == 0xff || (bytes[0] == 0xfe && bytes[1] & 0xc0 == 0x80) { return true }
    if bytes.starts(with: [0xfd, 0x00, 0x0e, 0xc2]) { return true }
    let head = bytes.prefix(12)
    let isMapped = head.prefix(10).allSatisfy { $0 == 0 } && head.suffix(2) == [0xff, 0xff]
    let isCompatible = head.allSatisfy { $0 == 0 }
    let isTranslated = head.starts(with: [0x00, 0x64, 0xff, 0x9b]) && head.dropFirst(4).allSatisfy { $0 == 0 }
    if isMapped || isCompatible || isTranslated { return isReserved(Array(bytes.suffix(4))) }
    return bytes.starts(with: [0x20, 0x02]) && isReserved(Array(bytes[2..<6]))
  }
}

extension String {
  /// The text with `%41` read as `A` once, as a client reads a host.
  fileprivate var removingPercentEncodingOnce: String {
    var bytes: [UInt8] = []
    var rest = Array(utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16), rest.count >= 2 {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
