import DrillModel
import Glibc

/// Tells systemd how a service of `Type=notify` is doing; does nothing where none asks.
///
/// Source: sd_notify(3), sd_watchdog_enabled(3): datagrams of `NAME=value` to the socket in `NOTIFY_SOCKET`.
package struct ServiceManager: Sendable {
  private let socketPath: String?
  /// How often the manager wants to hear of us; nil when it does not watch.
  package let watchdog: Duration?

  package init(environment: [String: String], pid: Int32) {
    socketPath = environment["NOTIFY_SOCKET"].flatMap { $0.hasPrefix("/") || $0.hasPrefix("@") ? $0 : nil }
    let isMeant = environment["WATCHDOG_PID"].map { $0 == String(pid) } ?? true
    let microseconds = environment["WATCHDOG_USEC"].flatMap { Int64($0) }.flatMap { $0 > 0 ? $0 : nil }
    watchdog = isMeant && socketPath != nil ? microseconds.map { .microseconds($0) } : nil
  }

  package func ready() { send("READY=1") }
  package func reloading() { send("STATUS=reading its files again") }
  package func alive(_ status: String) { send("WATCHDOG=1\nSTATUS=\(status)") }
  package func stopping() { send("STOPPING=1") }

  /// A manager that is gone or does not answer is none of our trouble.
  private func send(_ message: String) {
    guard let socketPath, var address = ServiceManager.address(socketPath) else { return }
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + socketPath.utf8.count)
    let bytes = Array(message.utf8)
    _ = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, length) }
    }
  }

  /// A path, or with `@` first a name in Linux's abstract space, whose first byte is zero.
  private static func address(_ path: String) -> sockaddr_un? {
    var address = sockaddr_un()
    var bytes = Array(path.utf8)
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
    if bytes.first == UInt8(ascii: "@") { bytes[0] = 0 }
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    return address
  }
}
