import Digesting
import DrillModel

extension Manifest.Entry {
  /// The entry as a manifest writes it, without the end of the line:
  /// `f 0644 0:0 1764237600.123456789 123 SHA256 etc/app.conf`, links with their target behind the path, `-` for what does not apply.
  package var line: [UInt8] {
    var text: [UInt8] = [kind.rawValue]
    let octal = String(mode, radix: 8)
    let fraction = String(nanoseconds)
    text += " \(String(repeating: "0", count: max(0, 4 - octal.utf8.count)))\(octal) \(uid):\(gid) ".utf8
    text += "\(seconds).\(String(repeating: "0", count: max(0, 9 - fraction.utf8.count)))\(fraction) ".utf8
    text += (kind == .file ? "\(size) \(digest.map { Hexadecimal.encode($0) } ?? "-") " : "- - ").utf8
    text += Manifest.escapedBytes(path)
    if kind == .link { text += [32] + Manifest.escapedBytes(target) }
    return text
  }

  /// Reads such a line; nil when it is none.
  package init?(line: some Collection<UInt8>) {
    let fields = line.split(separator: 32, omittingEmptySubsequences: false)
    guard fields.count >= 7, fields[0].count == 1, let kind = fields[0].first.flatMap({ Manifest.Kind(rawValue: $0) }),
      fields.count == (kind == .link ? 8 : 7), let mode = UInt32(Self.text(fields[1]), radix: 8),
      let owner = Self.pair(fields[2], 58), let uid = UInt32(owner.0), let gid = UInt32(owner.1),
      let time = Self.pair(fields[3], 46), let seconds = Int64(time.0), time.1.utf8.count == 9, let nanoseconds = Int64(time.1),
      let path = Manifest.unescaped(fields[6]), !path.isEmpty
    else { return nil }
    self.init(path: path, kind: kind, mode: mode, uid: uid, gid: gid, seconds: seconds, nanoseconds: nanoseconds)
    if kind == .file {
      guard let size = Int64(Self.text(fields[4])), size >= 0, let digest = Hexadecimal.decode(Self.text(fields[5])), digest.count == 32
      else { return nil }
      self.size = size
      self.digest = digest
    }
    if kind == .link {
      guard let target = Manifest.unescaped(fields[7]) else { return nil }
      self.target = target
    }
  }

  private static func text(_ field: some Collection<UInt8>) -> String { String(decoding: field, as: UTF8.self) }

  private static func pair(_ field: some Collection<UInt8>, _ separator: UInt8) -> (String, String)? {
    let parts = field.split(separator: separator, omittingEmptySubsequences: false)
    return parts.count == 2 ? (text(parts[0]), text(parts[1])) : nil
  }
}

/// Reads a manifest file entry by entry. Belongs to one thread.
package final class ManifestReader {
  private let name: String
  private let lines: LineReader
  private var previous: [UInt8] = []
  private var line = 1
  private var entries = 0
  private var bytes: Int64 = 0

  /// Opens the file at `path`.
  ///
  /// - Throws: `Fault` with code `configuration` when it cannot be read or is no manifest of this version.
  package init(path: String) throws {
    name = path
    lines = try LineReader(path: path)
    guard try lines.next().map({ String(decoding: $0, as: UTF8.self) }) == Manifest.header else {
      throw Fault(.configuration, "\(path) is not a manifest", advice: "Write one with `drillmark manifest DIR`")
    }
  }

  /// The next entry; nil after the last one, once the manifest's own end has been seen.
  ///
  /// - Throws: `Fault` with code `configuration`, naming the line, for a cut, unsorted or broken manifest.
  package func next() throws -> Manifest.Entry? {
    line += 1
    guard let text = try lines.next() else { throw broken("ends without its last line: it is cut") }
    if text.starts(with: "end ".utf8) {
      guard String(decoding: text, as: UTF8.self) == "end \(entries) \(bytes)" else { throw broken("does not count up to its last line") }
      return nil
    }
    guard let entry = Manifest.Entry(line: text) else { throw broken("has a line that is no entry") }
    guard previous.isEmpty || Manifest.precedes(previous, entry.path) else { throw broken("is not sorted") }
    previous = entry.path
    entries += 1
    bytes += entry.size
    return entry
  }

  private func broken(_ what: String) -> Fault {
    Fault(.configuration, "the manifest \(name) \(what) (line \(line))", advice: "Write it again with `drillmark manifest DIR`")
  }
}
