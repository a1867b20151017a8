import DrillModel

/// Where in a restored tree a manifest's root lies: archives often hold the directory itself rather than what is in it.
package struct TreeRoot: Sendable, Hashable {
  package let path: String
  /// The name of the one directory that was entered, escaped; nil when the root is the restored root itself.
  package let inside: String?

  /// The restored root, or the only thing in it where that is a directory that the manifest does not know.
  ///
  /// - Throws: `Fault` when the tree or the manifest cannot be read.
  package static func find(_ root: String, manifest: String) throws -> TreeRoot {
    let whole = TreeRoot(path: root, inside: nil)
    guard let only = try onlyDirectory(in: root), let name = String(validating: only, as: UTF8.self) else { return whole }
    let reader = try ManifestReader(path: manifest)
    while let entry = try reader.next() {
      if entry.path == only { return whole }
    }
    return TreeRoot(path: "\(root)/\(name)", inside: Manifest.escaped(only))
  }

  /// Values by path of the restored root as values by path of this one.
  package func rebased<Value>(_ values: [String: Value]) -> [String: Value] {
    guard let inside else { return values }
    let prefix = inside + "/"
    var result: [String: Value] = [:]
    for (path, value) in values where path.hasPrefix(prefix) { result[String(path.dropFirst(prefix.count))] = value }
    return result
  }

  private static func onlyDirectory(in root: String) throws -> [UInt8]? {
    var walker = try TreeWalker(root: root)
    guard let first = try walker.next(), first.kind == .directory else { return nil }
    return walker.topLevelCount == 1 ? first.path : nil
  }
}

/// How many files a tree holds.
package enum FileCount {
  /// Counts regular files and links, not directories. Blocks.
  package static func count(below root: String, isCancelled: () -> Bool) throws -> Int {
    var walker = try TreeWalker(root: root)
    var count = 0
    while let entry = try walker.next() {
      if entry.kind != .directory { count += 1 }
      if count % 1024 == 0, isCancelled() { throw CancellationError() }
    }
    return count
  }
}
