import DrillModel
import Glibc
import ToolRunner

/// Reads a tool's configuration files, with our own rights.
enum ConfigurationText {
  private static let limit = 1 << 20

  /// The first of some files that is there, with what lies in a directory of further ones.
  ///
  /// - Parameters:
  ///   - given: What the drill names; the only one that is looked at then.
  ///   - standard: Where the tool looks.
  /// - Throws: `Fault` with code `configuration` where none is there, `permission_denied` for one that is closed to us.
  static func find(_ given: String?, standard: [String], of tool: String) throws -> (path: String, text: String) {
    for path in given.map({ [$0] }) ?? standard {
      if let text = try read(path) { return (path, text) }
    }
    let places = given ?? standard.joined(separator: " nor ")
    throw Fault(
      .configuration, "the configuration of \(tool) is not there: \(InertText.line(places, limit: 300))",
      advice: "Name it in the drill's `backup` as `config: PATH`")
  }

  /// Nil for one that is not there.
  ///
  /// - Throws: `Fault` as `find` does.
  static func read(_ path: String) throws -> String? {
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    if file < 0 {
      let code = errno
      if code == ENOENT || code == ENOTDIR { return nil }
      throw unreadable(path, code)
    }
    defer { close(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    while bytes.count <= limit {
      let count = Glibc.read(file, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw unreadable(path, errno) }
      if count == 0 { break }
      bytes += buffer.prefix(count)
    }
    guard bytes.count <= limit, let text = String(validating: bytes, as: UTF8.self) else {
      throw Fault(.configuration, "\(InertText.line(path, limit: 300)) is no configuration file: it is too long, or not UTF-8")
    }
    return text
  }

  private static func unreadable(_ path: String, _ code: Int32) -> Fault {
    Fault(
      code == EACCES || code == EPERM ? .permissionDenied : .configuration,
      "the configuration \(InertText.line(path, limit: 300)) cannot be read: \(systemMessage(code))",
      advice: "Let drillmark's user read it, or name a copy that it may read as `config: PATH`")
  }
}
