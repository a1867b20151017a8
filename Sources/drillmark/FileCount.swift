import Foundation

/// Counts what lies below a directory.
enum FileCount {
  /// Regular files, links included, directories not.
  static func below(_ root: String) -> Int {
    var count = 0
    let walk = FileManager.default.enumerator(atPath: root)
    while walk?.nextObject() != nil {
      if walk?.fileAttributes?[.type] as? FileAttributeType != .typeDirectory { count += 1 }
    }
    return count
  }
}
