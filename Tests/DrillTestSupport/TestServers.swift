import Glibc

/// Servers from PyPI that tests talk to, as `scripts/install-test-servers` installs them.
package enum TestServers {
  /// A program of theirs: in the folder that `DRILLMARK_TEST_SERVERS` names, under `.build/test-servers`, or on the path. Nil when
  /// it is nowhere.
  package static func program(_ name: String) -> String? {
    let folder = getenv("DRILLMARK_TEST_SERVERS").map { String(cString: $0) } ?? packageRoot + "/.build/test-servers"
    let path = getenv("PATH").map { String(cString: $0) } ?? ""
    let folders = ["\(folder)/bin"] + path.split(separator: ":").map(String.init)
    return folders.lazy.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
  }

  /// The Python that has aiosmtpd; nil when there is none.
  package static let mailPython: String? = {
    let folder = getenv("DRILLMARK_TEST_SERVERS").map { String(cString: $0) } ?? packageRoot + "/.build/test-servers"
    let python = "\(folder)/bin/python3"
    return access("\(folder)/bin/aiosmtpd", X_OK) == 0 && access(python, X_OK) == 0 ? python : nil
  }()

  /// Whether there is a moto, for `.enabled(if:)`.
  package static let hasMoto = program("moto_server") != nil

  /// For `.enabled(if:)`: says why a test is skipped.
  package static let absence: String = "scripts/install-test-servers has not installed its servers (offline?)"
}
