import DrillModel

/// Where the shared files lie.
package struct SharedConfigLocations: Sendable, Hashable {
  /// Nil when neither a variable nor a home directory says where.
  package let config: String?
  package let credentials: String?

  /// `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE`, else `.aws/config` and `.aws/credentials` under `HOME`.
  package init(environment: [String: String]) {
    let home = environment["HOME"].flatMap { $0.isEmpty ? nil : $0 }
    func path(_ variable: String, _ name: String) -> String? {
      if let given = environment[variable], !given.isEmpty {
        guard given == "~" || given.hasPrefix("~/"), let home else { return given }
        return home + given.dropFirst()
      }
      return home.map { ($0.hasSuffix("/") ? $0 : $0 + "/") + ".aws/\(name)" }
    }
    config = path("AWS_CONFIG_FILE", "config")
    credentials = path("AWS_SHARED_CREDENTIALS_FILE", "credentials")
  }
}

extension SharedConfig {
  /// Reads the files of a machine. A file that is not there counts as empty; one that cannot be read is a fault.
  package init(_ host: AWSHost) throws {
    let places = SharedConfigLocations(environment: host.environment)
    func text(_ path: String?) throws -> String {
      String(decoding: try path.flatMap { try host.readFile($0) } ?? [], as: UTF8.self)
    }
    try self.init(
      config: text(places.config), credentials: text(places.credentials), configPath: places.config ?? "config",
      credentialsPath: places.credentials ?? "credentials")
  }
}
