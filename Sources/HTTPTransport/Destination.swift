internal import CCurl
import Glibc

/// The parts of a URL that say where it leads.
package struct Destination: Sendable, Hashable, CustomStringConvertible {
  /// Lower case.
  package let scheme: String
  /// As libcurl reads it: lower case is kept, odd spellings of IPv4 are made usual, an IPv6 address is in brackets.
  package let host: String
  package let port: Int

  /// Throws `invalidRequest` for anything but an absolute URL of one of the schemes, and for one with a user or password in it.
  package init(_ url: String, schemes: Set<String> = ["http", "https"]) throws(TransportError) {
    func refuse(_ why: String) -> TransportError { TransportError(.invalidRequest, "the URL", "The URL \(why)") }
    // What curl would strip or reject must not reach a log line either.
    guard url.utf8.count <= 8192 else { throw refuse("is longer than 8192 bytes") }
    guard url.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else { throw refuse("holds a space, a control character or one that is not ASCII") }
    guard let handle = curl_url() else { throw refuse("cannot be read: out of memory") }
    defer { curl_url_cleanup(handle) }
    guard curl_url_set(handle, CURLUPART_URL, url, UInt32(CURLU_NON_SUPPORT_SCHEME)) == CURLUE_OK,
      let scheme = Destination.part(handle, CURLUPART_SCHEME)?.lowercased(), let host = Destination.part(handle, CURLUPART_HOST)
    else { throw refuse("cannot be read; write it as https://host/path") }
    guard schemes.contains(scheme) else {
      throw refuse("begins with \(scheme)://; only \(schemes.sorted().joined(separator: " and ")) can be used")
    }
    guard Destination.part(handle, CURLUPART_USER) == nil, Destination.part(handle, CURLUPART_PASSWORD) == nil else {
      throw refuse("holds a user or password, which would show in logs; give it apart")
    }
    guard let port = Destination.part(handle, CURLUPART_PORT, UInt32(CURLU_DEFAULT_PORT)).flatMap({ Int($0) }), port > 0 else {
      throw refuse("has no port")
    }
    self.scheme = scheme
    self.host = host
    self.port = port
  }

  /// What stands in messages: no path, no query.
  package var description: String { isDefaultPort ? "\(scheme)://\(host)" : "\(scheme)://\(host):\(port)" }

  /// The value of a `Host` header, as HTTP clients and signatures write it.
  package var authority: String { isDefaultPort ? host : "\(host):\(port)" }

  /// Whether the host as written is this machine's loopback interface.
  package var isLoopback: Bool {
    host.lowercased() == "localhost" || IPAddress(host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host)?.isLoopback == true
  }

  private var isDefaultPort: Bool { port == ["http": 80, "https": 443, "smtp": 25, "smtps": 465][scheme] }

  private static func part(_ handle: OpaquePointer, _ part: CURLUPart, _ flags: UInt32 = 0) -> String? {
    var text: UnsafeMutablePointer<CChar>?
    guard curl_url_get(handle, part, &text, flags) == CURLUE_OK, let text else { return nil }
    defer { curl_free(text) }
    return String(cString: text)
  }

  /// The addresses of the host, in the system's order. Blocks as long as the system's resolver takes.
  func addresses() -> [IPAddress] {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let name = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
    guard getaddrinfo(name, nil, &hints, &list) == 0 else { return [] }
    defer { freeaddrinfo(list) }
    var found: [IPAddress] = []
    var next = list
    while let entry = next {
      if let address = entry.pointee.ai_addr, let ip = IPAddress(address, length: Int(entry.pointee.ai_addrlen)) { found.append(ip) }
      next = entry.pointee.ai_next
    }
    return found
  }
}
