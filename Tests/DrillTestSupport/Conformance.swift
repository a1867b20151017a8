package import Foundation

/// The folder of shared vectors and real files that some tests score themselves against.
package enum Conformance {
  /// The folder, or nil when it is absent: then such tests skip and say so.
  ///
  /// It is named by `DRILLMARK_CONFORMANCE`, else it is `shared` beside the package.
  package static let folder: String? = {
    let environment = ProcessInfo.processInfo.environment["DRILLMARK_CONFORMANCE"]
    let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let candidate = environment ?? package.deletingLastPathComponent().appendingPathComponent("shared").path
    return FileManager.default.fileExists(atPath: candidate) ? candidate : nil
  }()

  package static var isThere: Bool { folder != nil }

  /// A file of the folder, or nil when it is absent.
  package static func file(_ path: String) -> Data? {
    folder.flatMap { FileManager.default.contents(atPath: $0 + "/" + path) }
  }
}
