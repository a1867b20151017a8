import Digesting
import DrillModel
package import EngineKit
import Manifests

/// Digests of tables kept in a file, for later comparison: what `drillmark manifest` writes of a database (docs/checks.md).
///
/// Lines of text: `drillmark-digests 1`; `METHOD SYSTEM VERSION`; `ROWS COLUMNS CONTENTS NAME` a table, the name with white space, control
/// characters, `%` and what is not UTF-8 written `%XX`, sorted by the names' bytes; and `end COUNT`, by which a cut file is known.
package struct TableManifest: Sendable, Hashable {
  package var origin: DigestOrigin
  package var tables: [String: Entry]

  private static let header = "drillmark-digests 1"

  /// One table as the file keeps it.
  package struct Entry: Sendable, Hashable {
    package var rows: Int64
    /// A digest of the columns' names, whatever their order.
    package var columns: String
    package var contents: String

    init(rows: Int64, columns: String, contents: String) {
      self.rows = rows
      self.columns = columns
      self.contents = contents
    }

    package init(_ digest: TableDigest) {
      rows = digest.rows
      let names = digest.columns.map { Manifest.escaped($0.utf8) }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
      columns = String(Hexadecimal.encode(SHA256.digest(of: names.joined(separator: " ").utf8)).prefix(16))
      contents = digest.contents
    }
  }

  package init(origin: DigestOrigin, tables: [String: Entry]) {
    self.origin = origin
    self.tables = tables
  }

  /// The file's text.
  package var text: String {
    let names = tables.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    let lines = names.compactMap { name in
      tables[name].map { "\($0.rows) \($0.columns) \($0.contents) \(Manifest.escaped(name.utf8))" }
    }
    let origin = [origin.method, origin.system, origin.version].map { Manifest.escaped($0.utf8) }.joined(separator: " ")
    return ([Self.header, origin] + lines + ["end \(tables.count)"]).joined(separator: "\n") + "\n"
  }

  /// Reads the file at `path`. Blocks.
  ///
  /// - Throws: `Fault` with code `configuration` for a file that cannot be read, is none of this version, or is cut, unsorted or broken.
  package init(path: String) throws {
    let lines = try LineReader(path: path)
    guard let first = try lines.next(), first.elementsEqual(Self.header.utf8) else {
      throw Fault(
        .configuration, "\(path) is not a manifest of tables",
        advice: "Its first line is `\(Self.header)`; `drillmark manifest --drill NAME` writes one")
    }
    let words = Self.words(try lines.next() ?? [])
    guard words.count == 3, words.allSatisfy({ !$0.isEmpty }) else { throw Self.broken(path, "does not say what made it") }
    origin = DigestOrigin(method: words[0], system: words[1], version: words[2], significant: 0)
    tables = [:]
    try read(lines, path)
  }

  private mutating func read(_ lines: LineReader, _ path: String) throws {
    var last: [UInt8] = []
    while let line = try lines.next() {
      let words = Self.words(line)
      if words.first == "end", words.count == 2 {
        guard Int(words[1]) == tables.count else { throw Self.broken(path, "does not end with the number of its tables") }
        guard try lines.next() == nil else { throw Self.broken(path, "goes on behind its last line") }
        return
      }
      guard words.count == 4, let rows = Int64(words[0]), rows >= 0, let bytes = Manifest.unescaped(words[3].utf8), !bytes.isEmpty,
        let name = String(validating: bytes, as: UTF8.self)
      else { throw Self.broken(path, "has a line \(tables.count + 3) that is not `ROWS COLUMNS CONTENTS NAME`") }
      guard last.lexicographicallyPrecedes(bytes) else {
        throw Self.broken(path, "is not sorted, or holds a table twice, in line \(tables.count + 3)")
      }
      last = bytes
      tables[name] = Entry(rows: rows, columns: words[1], contents: words[2])
    }
    throw Self.broken(path, "ends before its last line, `end COUNT`")
  }

  private static func words(_ line: ArraySlice<UInt8>) -> [String] {
    line.split(separator: 32, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
  }

  private static func broken(_ path: String, _ how: String) -> Fault {
    Fault(.configuration, "the manifest of tables \(path) \(how)", advice: "Write it again; docs/checks.md has the format")
  }
}

extension TableManifest {
  /// Digests all tables of a system one after the other.
  ///
  /// - Parameter tell: Takes a line for people before each table.
  /// - Throws: `ProbeError`.
  package static func take(
    of probe: any DigestProbe, timeout: Duration, tell: @Sendable (String) -> Void = { _ in }
  ) async throws -> TableManifest {
    let names = try await probe.tables(timeout: timeout).sorted()
    var manifest = TableManifest(origin: try await probe.origin(timeout: timeout), tables: [:])
    for (index, name) in names.enumerated() {
      tell("digesting table \(index + 1) of \(names.count)")
      manifest.tables[name] = Entry(try await probe.digest(of: name, timeout: timeout))
    }
    return manifest
  }
}
