package import Glibc

/// Numeric addresses that names lead to. Blocks as long as the resolver does.
package enum HostAddresses {
  /// Every address of a name, or of an address in any spelling; empty when it cannot be resolved.
  package static func of(_ host: String) -> Set<String> {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
    defer { freeaddrinfo(list) }
    var found: Set<String> = []
    var entry = list
    while let current = entry {
      if let text = numeric(current.pointee.ai_addr, current.pointee.ai_addrlen) { found.insert(text) }
      entry = current.pointee.ai_next
    }
    return found
  }

  /// The same in the order in which they should be tried.
  package static func ordered(_ host: String) -> [String] {
    // 127.0.0.1 before ::1: most servers listen there.
    of(host).sorted { ($0.contains(":") ? 1 : 0, $0) < ($1.contains(":") ? 1 : 0, $1) }
  }

  /// Every address of this machine.
  package static var own: Set<String> {
    var list: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&list) == 0 else { return [] }
    defer { freeifaddrs(list) }
    var found: Set<String> = []
    var entry = list
    while let current = entry {
      let address = current.pointee.ifa_addr
      let family = address.map { Int32($0.pointee.sa_family) } ?? AF_UNSPEC
      let size = family == AF_INET6 ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size
      if family == AF_INET || family == AF_INET6, let text = numeric(address, socklen_t(size)) { found.insert(text) }
      entry = current.pointee.ifa_next
    }
    return found
  }

  /// Whether an address leads back to this machine.
  package static func isLocal(_ address: String, own: Set<String>) -> Bool {
    address.hasPrefix("127.") || address == "::1" || address == "0.0.0.0" || address == "::" || own.contains(address)
  }

  /// One spelling for each address: no zone, and IPv4 inside IPv6 as IPv4.
  package static func numeric(_ address: UnsafePointer<sockaddr>?, _ length: socklen_t) -> String? {
    guard let address else { return nil }
    var text = [CChar](repeating: 0, count: 256)
    guard getnameinfo(address, length, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 else { return nil }
    let whole = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    let plain = whole.split(separator: "%").first.map(String.init) ?? whole
    return plain.hasPrefix("::ffff:") && plain.contains(".") ? String(plain.dropFirst(7)) : plain
  }
}
