import Glibc

/// Material that lies beside the checkout and is no part of it; tests that use it skip when it is absent.
package enum ConformanceData {
  /// A folder of it (`data/postgres`, `vectors`): under `$DRILLMARK_CONFORMANCE`, else under `../shared`. Nil when it is not there.
  package static func folder(_ name: String) -> String? {
    let root = getenv("DRILLMARK_CONFORMANCE").map { String(cString: $0) } ?? packageRoot + "/../shared"
    let path = name.isEmpty ? root : "\(root)/\(name)"
    return access(path, R_OK | X_OK) == 0 ? path : nil
  }

  /// For `.enabled(if:)`: says why a test is skipped.
  package static let absence: String = "the conformance folder is not beside this checkout (DRILLMARK_CONFORMANCE)"
}
