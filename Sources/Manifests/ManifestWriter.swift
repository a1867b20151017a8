import DrillModel

/// Writes the manifest of a directory tree. Blocks: call it on a thread of its own.
package struct ManifestWriter: Sendable {
  private let root: String
  private let isCancelled: @Sendable () -> Bool

  /// - Parameter root: The tree's directory, which itself is no entry.
  package init(root: String, isCancelled: @escaping @Sendable () -> Bool = { false }) {
    self.root = root
    self.isCancelled = isCancelled
  }

  package struct Summary: Sendable, Hashable {
    package var entries = 0
    package var files = 0
    package var bytes: Int64 = 0
  }

  /// Hands the manifest's text to `sink` in pieces. Memory does not grow with the tree, but for one directory's names.
  ///
  /// - Throws: `Fault` for what cannot be read, `CancellationError`, or what `sink` throws.
  package func write(to sink: ([UInt8]) throws -> Void) throws -> Summary {
    var walker = try TreeWalker(root: root)
    let hasher = FileHasher(root: root, isCancelled: isCancelled)
    var summary = Summary()
    try sink(Array("\(Manifest.header)\n".utf8))
    var isDone = false
    while !isDone {
      var batch: [Manifest.Entry] = []
      while batch.count < FileHasher.batch {
        guard let entry = try walker.next() else {
          isDone = true
          break
        }
        batch.append(entry)
      }
      if isCancelled() { throw CancellationError() }
      try complete(&batch, hasher)
      var text: [UInt8] = []
      for entry in batch {
        text += entry.line
        text.append(10)
        summary.files += entry.kind == .file ? 1 : 0
        summary.bytes += entry.size
      }
      summary.entries += batch.count
      try sink(text)
    }
    try sink(Array("end \(summary.entries) \(summary.bytes)\n".utf8))
    return summary
  }

  private func complete(_ batch: inout [Manifest.Entry], _ hasher: FileHasher) throws {
    let files = batch.indices.filter { batch[$0].kind == .file }
    let digests = try hasher.digests(of: files.map { (batch[$0].path, batch[$0].size) })
    for (index, digest) in zip(files, digests) { batch[index].digest = digest }
  }
}
