import Glibc

/// A TCP connection of a test's, with plain reads and writes.
package struct LoopbackSocket: Sendable {
  package let descriptor: Int32

  /// A listening socket on 127.0.0.1 and the port that it got.
  package static func listening() -> (socket: LoopbackSocket, port: Int) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = loopback(port: 0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        bind(descriptor, generic, length) == 0 && listen(descriptor, 64) == 0 && getsockname(descriptor, generic, &length) == 0
      }
    }
    if !bound { fatalError("no loopback port could be had") }
    return (LoopbackSocket(descriptor: descriptor), Int(UInt16(bigEndian: address.sin_port)))
  }

  /// A connection to a port of 127.0.0.1; nil when nobody listens there.
  package static func connected(port: Int) -> LoopbackSocket? {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = loopback(port: port)
    let status = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
    if status == 0 { return LoopbackSocket(descriptor: descriptor) }
    Glibc.close(descriptor)
    return nil
  }

  /// A port that was free a moment ago.
  package static func freePort() -> Int {
    let (socket, port) = listening()
    socket.close()
    return port
  }

  private static func loopback(port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return address
  }

  /// The next connection; nil once the socket was shut down.
  package func accepted() -> LoopbackSocket? {
    while true {
      let next = accept(descriptor, nil, nil)
      if next >= 0 { return LoopbackSocket(descriptor: next) }
      if errno != EINTR && errno != ECONNABORTED { return nil }
    }
  }

  /// What has come, at most `limit` bytes; none at the end.
  package func read(_ limit: Int = 1 << 16) -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: limit)
    let count = recv(descriptor, &buffer, limit, 0)
    return count > 0 ? Array(buffer.prefix(count)) : []
  }

  /// Writes everything; false when the other side has gone.
  @discardableResult
  package func write(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  /// Ends both directions, which wakes whoever waits on it.
  package func shutDown() { shutdown(descriptor, Int32(SHUT_RDWR)) }

  package func close() { Glibc.close(descriptor) }
}
