import Glibc

/// Which addresses a request may reach. Names are judged by the addresses they stand for, at the moment of connecting.
package enum AddressPolicy: Sendable, Hashable {
  /// All but those of instance metadata and link-local neighbours, and those that name no single host: 0.0.0.0/8, 169.254.0.0/16,
  /// multicast, broadcast, `fe80::/10`, `fd00:ec2::/32`, `::`, and each of these inside an IPv6 address (mapped, translated, 6to4).
  case noMetadata
  /// This machine alone.
  case loopback
  /// Any. For the provider of an instance's credentials, and for nothing else.
  case any

  /// Why the host as it is written in a URL is refused, without asking any name server; nil when that cannot be seen from its text.
  ///
  /// Reads IPv4 addresses as the C library does, so that decimal, hexadecimal, octal and short spellings count.
  package func refusal(host: String) -> String? {
    guard self != .any else { return nil }
    let bare = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
    let name = bare.lowercased().hasSuffix(".") ? String(bare.lowercased().dropLast()) : bare.lowercased()
    if let address = IPAddress(name) { return refusal(address) }
    let known = ["metadata.google.internal", "metadata", "instance-data", "instance-data.ec2.internal"]
    return known.contains(name) ? "\(name) is the name of a cloud's metadata service" : nil
  }

  /// Why an address is refused; nil when it may be reached.
  package func refusal(_ address: IPAddress) -> String? {
    switch self {
    case .any: nil
    case .loopback: address.isLoopback ? nil : "\(address) is not this machine's loopback interface"
    case .noMetadata: address.reservedUse.map { "\(address) is \($0)" }
    }
  }
}

/// An IPv4 or IPv6 address.
package struct IPAddress: Sendable, Hashable, CustomStringConvertible {
  /// 4 or 16, most significant first.
  package let bytes: [UInt8]

  /// Reads numeric text only: IPv4 in every spelling that inet_aton(3) takes, IPv6 with or without a scope.
  package init?(_ text: String) {
    var four = in_addr()
    var six = in6_addr()
    if inet_aton(text, &four) != 0, !text.contains(where: \.isWhitespace) {
      bytes = withUnsafeBytes(of: &four) { Array($0) }
    } else if inet_pton(AF_INET6, String(text.prefix { $0 != "%" }), &six) == 1 {
      bytes = withUnsafeBytes(of: &six) { Array($0) }
    } else {
      return nil
    }
  }

  /// Nil for a family other than IPv4 and IPv6.
  init?(_ address: UnsafePointer<sockaddr>, length: Int) {
    let raw = UnsafeRawPointer(address)
    if address.pointee.sa_family == sa_family_t(AF_INET), length >= MemoryLayout<sockaddr_in>.size {
      bytes = Array(UnsafeRawBufferPointer(start: raw + 4, count: 4))
    } else if address.pointee.sa_family == sa_family_t(AF_INET6), length >= MemoryLayout<sockaddr_in6>.size {
      bytes = Array(UnsafeRawBufferPointer(start: raw + 8, count: 16))
    } else {
      return nil
    }
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  package var isLoopback: Bool {
    if let inner = embedded { return inner.isLoopback }
    return bytes.count == 4 ? bytes[0] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1
  }

  /// Written as usual, IPv6 without brackets.
  package var description: String {
    var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    guard inet_ntop(bytes.count == 4 ? AF_INET : AF_INET6, bytes, &buffer, socklen_t(buffer.count)) != nil else { return "?" }
    return buffer.withUnsafeBytes { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }

  /// What the address is reserved for, when no service of a user's can live there (RFC 6890).
  var reservedUse: String? {
    if let inner = embedded { return inner.reservedUse }
    guard bytes.count == 4 else { return reservedUseOf6 }
    switch bytes[0] {
    case 0: return "no host's address"
    case 169 where bytes[1] == 254: return "a link-local address, where a cloud's metadata service answers"
    case 224...239: return "a multicast address"
    case 240...255: return "a reserved address"
    default: return bytes == [100, 100, 100, 200] || bytes == [192, 0, 0, 192] ? "a cloud's metadata service" : nil
    }
  }

  private var reservedUseOf6: String? {
    if bytes.allSatisfy({ $0 == 0 }) { return "no host's address" }
    if bytes[0] == 0xff { return "a multicast address" }
    if bytes[0] == 0xfe, bytes[1] & 0xc0 == 0x80 { return "a link-local address" }
    if bytes.starts(with: [0xfd, 0x00, 0x0e, 0xc2]) { return "a cloud's metadata service" }
    return nil
  }

  /// The IPv4 address that an IPv6 one leads to: mapped, compatible, NAT64 (RFC 6052, and RFC 8215 as it is usually set up), 6to4
  /// (RFC 3056); nil for any other.
  private var embedded: IPAddress? {
    guard bytes.count == 16 else { return nil }
    let prefix = bytes.prefix(12)
    let isMapped = prefix.prefix(10).allSatisfy { $0 == 0 } && prefix.suffix(2) == [0xff, 0xff]
    let isTranslated =
      prefix.starts(with: [0x00, 0x64, 0xff, 0x9b]) && prefix[4] == 0 && prefix[5] <= 1 && prefix.dropFirst(6).allSatisfy { $0 == 0 }
    let isCompatible = prefix.allSatisfy { $0 == 0 } && bytes[12] != 0
    if isMapped || isTranslated || isCompatible { return IPAddress(bytes: Array(bytes.suffix(4))) }
    return bytes.starts(with: [0x20, 0x02]) ? IPAddress(bytes: Array(bytes[2..<6])) : nil
  }
}
