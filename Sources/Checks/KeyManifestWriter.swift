import Digesting
import DrillModel
package import EngineKit
import Foundation
import Glibc
import Manifests
import Synchronization
package import ToolRunner

/// Writes a manifest of keys. Memory does not grow with their number: `sort` puts them in order, through files of its own.
package struct KeyManifestWriter: Sendable {
  private let tools: any ToolRunning
  /// Where temporary files may lie, which take about twice the manifest's size.
  private let directory: String

  package init(tools: any ToolRunning, directory: String) {
    self.tools = tools
    self.directory = directory
  }

  /// Digests the selected keys and hands the manifest's text to `sink` in pieces.
  ///
  /// - Returns: The number of keys.
  /// - Throws: `Fault`, `ProbeError`, or what `sink` throws.
  package func write(
    _ keys: KeySelection, of probe: any KeyProbe, timeout: Duration, to sink: @escaping @Sendable ([UInt8]) throws -> Void
  ) async throws -> Int {
    let place = "\(directory)/drillmark-keys-\(RandomText.hex(8))"
    let sorted = "\(place).sorted"
    defer {
      unlink(place)
      unlink(sorted)
    }
    let file = try Lines(place)
    try await probe.walk(keys, timeout: timeout) { try file.add($0) }
    file.close()
    let exit = try await tools.run(
      ToolCommand(
        try tools.locate("sort", package: "coreutils"), ["-u", "-S", "64M", "-T", directory, "-o", sorted, place],
        environment: ["LC_ALL": "C", "PATH": "/nonexistent"]))
    guard exit.isSuccess else {
      throw Fault(
        exit.errorText.contains("No space left") ? .noSpace : .toolFailed, "the keys cannot be sorted in \(directory), \(exit.status)",
        advice: "Free space there, or set TMPDIR elsewhere")
    }
    return try await onThread("key manifest") { try KeyManifestWriter.copy(sorted, to: sink) }
  }

  private static func copy(_ path: String, to sink: ([UInt8]) throws -> Void) throws -> Int {
    let lines = try LineReader(path: path)
    var (count, text) = (0, Array("drillmark-keys 1\n".utf8))
    while let line = try lines.next() {
      text += line
      text.append(10)
      count += 1
      if text.count >= 256 << 10 {
        try sink(text)
        text.removeAll(keepingCapacity: true)
      }
    }
    try sink(text + Array("end \(count)\n".utf8))
    return count
  }

  /// The unsorted lines, readable for nobody else.
  private final class Lines: Sendable {
    private let descriptor: Descriptor

    init(_ path: String) throws {
      let raw = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
      guard raw >= 0 else { throw Fault(.permissionDenied, "\(path) cannot be made: \(String(cString: strerror(errno)))") }
      descriptor = Descriptor(owning: raw)
    }

    func add(_ keys: [KeyDigest]) throws {
      var text: [UInt8] = []
      for key in keys { text += Array("\(Hexadecimal.encode(key.digest)) \(Manifest.escaped(key.key))\n".utf8) }
      var rest = text[...]
      while !rest.isEmpty {
        let count = rest.withUnsafeBytes { Glibc.write(descriptor.raw, $0.baseAddress, $0.count) }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { throw Fault(.noSpace, "the keys cannot be written down: \(String(cString: strerror(errno)))") }
        rest = rest.dropFirst(count)
      }
    }

    func close() { descriptor.close() }
  }
}
