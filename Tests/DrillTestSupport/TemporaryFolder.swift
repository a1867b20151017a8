import Foundation

/// A directory of a test's own, readable to any user, that goes with the value.
package final class TemporaryFolder: Sendable {
  package let path: String

  package init(_ name: String = "drillmark-test") {
    var template = Array("/tmp/\(name).XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { fatalError("no temporary directory could be made in /tmp") }
    path = template.withUnsafeBytes { bytes in String(decoding: bytes.dropLast(), as: UTF8.self) }
    chmod(path, 0o755)
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  /// Writes a file in it and gives its path.
  package func file(_ name: String, _ bytes: some Sequence<UInt8>, mode: UInt32 = 0o644) -> String {
    let target = "\(path)/\(name)"
    let content = Array(bytes)
    let fd = open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
    var rest = content[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(fd, $0.baseAddress, $0.count) }
      guard count > 0 else { fatalError("\(target) could not be written") }
      rest = rest.dropFirst(count)
    }
    close(fd)
    chmod(target, mode)
    return target
  }

  /// Writes a text file in it and gives its path.
  package func file(_ name: String, _ text: String, mode: UInt32 = 0o644) -> String { file(name, text.utf8, mode: mode) }
}
