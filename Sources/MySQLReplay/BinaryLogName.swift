import Foundation

/// The name that a server gives a binary log: a base name, a dot and a number of at least six digits.
package struct BinaryLogName: Sendable, Hashable {
  package var base: String
  package var number: Int

  /// Reads a log's own name, or that of a copy with the suffix of a compression; nil for indexes and anything else.
  package init?(_ name: String) {
    var leaf = (name as NSString).lastPathComponent
    for suffix in BinaryLogName.suffixes where leaf.lowercased().hasSuffix(suffix) {
      leaf.removeLast(suffix.count)
      break
    }
    guard let dot = leaf.lastIndex(of: "."), dot != leaf.startIndex else { return nil }
    let digits = leaf[leaf.index(after: dot)...]
    guard (6...10).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(digits) else {
      return nil
    }
    base = String(leaf[..<dot])
    self.number = number
  }

  private static let suffixes = [".gz", ".zst", ".xz", ".bz2", ".lz4"]
}
