package import EngineKit

/// Where and as whom to connect. The password stays in memory and is never printed.
package struct ConnectionTarget: Sendable, CustomStringConvertible, CustomReflectable {
  /// A directory that holds the server's socket, or a host name.
  package var host: String
  /// The numeric address to connect to, which keeps the name from leading elsewhere later; nil looks the host up.
  package var address: String?
  package var port: Int
  package var user: String
  package var password: String
  package var database: String
  /// Settings of the session, which come before those that a dump attaches to its database.
  package var settings: [String: String]
  /// libpq keywords about TLS and the network; what is not in it has a default of ours, never one of the environment.
  package var transport: [String: String] = [:]

  package init(host: String, port: Int = 5432, user: String, password: String, database: String, settings: [String: String] = [:]) {
    self.host = host
    self.port = port
    self.user = user
    self.password = password
    self.database = database
    self.settings = settings
  }

  package var description: String { "\(user) on \(place), database \(database)" }
  package var customMirror: Mirror { Mirror(self, children: []) }

  /// Whether the server is reached through a Unix socket.
  package var isSocket: Bool { host.hasPrefix("/") }

  /// The server, for people.
  package var place: String { "\(host):\(port)" }

  /// The same server and user, another database.
  package func entering(_ database: String) -> ConnectionTarget {
    var copy = self
    copy.database = database
    return copy
  }

  /// The same with more settings of the session.
  package func setting(_ more: [String: String]) -> ConnectionTarget {
    var copy = self
    copy.settings.merge(more) { $1 }
    return copy
  }

  /// How client programs reach it. They read the password from a file, never from here.
  package func environment(passwordFile: String) -> [String: String] {
    let transport = transport
    func file(_ keyword: String) -> String { transport[keyword] ?? ConnectionTarget.nowhere }
    var environment = [
      "LC_ALL": "C", "PATH": ConnectionTarget.nowhere, "HOME": ConnectionTarget.nowhere, "TZ": "UTC", "PGHOST": host,
      "PGPORT": String(port), "PGUSER": user, "PGPASSFILE": passwordFile, "PGSERVICEFILE": ConnectionTarget.nowhere,
      "PGSYSCONFDIR": ConnectionTarget.nowhere, "PGAPPNAME": "drillmark", "PGCONNECT_TIMEOUT": "30", "PGCLIENTENCODING": "UTF8",
      "PGSSLMODE": transport["sslmode"] ?? (isSocket ? "disable" : "prefer"), "PGGSSENCMODE": "disable",
    ]
    if let address { environment["PGHOSTADDR"] = address }
    guard !isSocket else { return environment }
    for (name, keyword) in [("PGSSLROOTCERT", "sslrootcert"), ("PGSSLCERT", "sslcert"), ("PGSSLKEY", "sslkey"), ("PGSSLCRL", "sslcrl")] {
      environment[name] = file(keyword)
    }
    for (name, keyword) in [
      ("PGSSLSNI", "sslsni"), ("PGSSLMINPROTOCOLVERSION", "ssl_min_protocol_version"),
      ("PGSSLMAXPROTOCOLVERSION", "ssl_max_protocol_version"), ("PGCHANNELBINDING", "channel_binding"),
    ] { environment[name] = transport[keyword] }
    return environment
  }

  /// Every keyword that libpq would else take from the environment of this process is given.
  var parameters: [(String, String)] {
    let options = settings.sorted { $0.key < $1.key }.map {
      "-c \($0.key)=\($0.value.replacing("\\", with: "\\\\").replacing(" ", with: "\\ "))"
    }
    var all = [
      "host": host, "hostaddr": address ?? "", "port": String(port), "user": user, "password": password, "dbname": database,
      "options": options.joined(separator: " "), "client_encoding": "UTF8", "application_name": "drillmark", "connect_timeout": "10",
      "passfile": ConnectionTarget.nowhere, "sslmode": isSocket ? "disable" : "prefer", "gssencmode": "disable",
      "sslcert": ConnectionTarget.nowhere, "sslkey": ConnectionTarget.nowhere, "sslrootcert": ConnectionTarget.nowhere,
      "sslcrl": ConnectionTarget.nowhere, "target_session_attrs": "any",
    ]
    all.merge(transport) { $1 }
    return all.sorted { $0.key < $1.key }
  }

  private static let nowhere = "/nonexistent"
}

extension AddressGuard {
  /// Judges a target; see `check(host:port:address:)`.
  package func check(_ target: ConnectionTarget) throws -> [String] {
    try check(host: target.host, port: target.port, address: target.address)
  }
}
