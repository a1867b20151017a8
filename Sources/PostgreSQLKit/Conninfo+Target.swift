internal import DrillModel
internal import Foundation

extension Conninfo {
  /// Keywords that say which server and how it is spoken to, and nothing else.
  private static let transport: Set<String> = [
    "sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl", "sslsni", "ssl_min_protocol_version", "ssl_max_protocol_version",
    "channel_binding", "requirepeer", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout",
    "passfile",
  ]
  /// Keywords that every session of ours sets itself, or that mean nothing for one server.
  private static let ignored: Set<String> = [
    "application_name", "fallback_application_name", "client_encoding", "connect_timeout", "target_session_attrs", "gssencmode",
    "sslcompression", "authtype", "tty", "requiressl",
  ]

  /// The one server and role that a drill is given, its database for administration included.
  ///
  /// Refused: more than one host, no host or user at all (libpq's defaults are not a decision), abstract sockets, and keywords that
  /// reach for other files or sessions (`service`, `options`, `replication`, `sslpassword`, Kerberos).
  /// - Throws: `Fault` with code `configuration`, without any value of the string but the names of keywords.
  package func target() throws -> ConnectionTarget {
    let known = Conninfo.transport.union(Conninfo.ignored).union(["host", "hostaddr", "port", "user", "password", "dbname"])
    if let odd = values.keys.filter({ !known.contains($0) && !(values[$0] ?? "").isEmpty }).sorted().first {
      throw refusal("uses the keyword \(odd), which is refused for a given server", "Write host, port, user and password out")
    }
    let (host, address) = (values["host"] ?? "", values["hostaddr"] ?? "")
    guard !host.contains(","), !address.contains(",") else {
      throw refusal("names several hosts", "Name the one server that drills may use")
    }
    guard !host.isEmpty || !address.isEmpty else { throw refusal("names no host", "Write it out: host=…, or postgresql://user@host/") }
    guard !host.hasPrefix("@") else { throw refusal("names an abstract socket", "Name a host, or the directory of a socket") }
    guard let user = values["user"], !user.isEmpty else { throw refusal("names no user", "Write it out: user=…") }
    let text = values["port"].flatMap { $0.isEmpty ? nil : $0 } ?? "5432"
    guard let port = Int(text), (1...65535).contains(port) else { throw refusal("names no single port from 1 to 65535", nil) }
    let database = values["dbname"].flatMap { $0.isEmpty ? nil : $0 } ?? "postgres"
    var target = ConnectionTarget(
      host: host.isEmpty ? address : host, port: port, user: user, password: values["password"] ?? "", database: database)
    target.address = address.isEmpty ? nil : address
    target.transport = values.filter { Conninfo.transport.contains($0.key) && !$0.value.isEmpty }
    return target
  }

  private func refusal(_ what: String, _ advice: String?) -> Fault {
    Fault(.configuration, "the connection string of the given server \(what)", advice: advice)
  }
}
