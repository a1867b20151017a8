/// Where and as whom to connect. The password stays in memory and is never printed.
package struct ConnectionTarget: Sendable, CustomStringConvertible {
  /// A directory that holds the server's socket, or a host name.
  package var host: String
  package var port: Int
  package var user: String
  package var password: String
  package var database: String
  /// Settings of the session, which come before those that a dump attaches to its database.
  package var settings: [String: String]

  package init(host: String, port: Int = 5432, user: String, password: String, database: String, settings: [String: String] = [:]) {
    self.host = host
    self.port = port
    self.user = user
    self.password = password
    self.database = database
    self.settings = settings
  }

  package var description: String { "\(user) on \(host), database \(database)" }

  /// The same server and user, another database.
  package func entering(_ database: String) -> ConnectionTarget {
    var copy = self
    copy.database = database
    return copy
  }

  var parameters: [(String, String)] {
    let options = settings.sorted { $0.key < $1.key }.map {
      "-c \($0.key)=\($0.value.replacing("\\", with: "\\\\").replacing(" ", with: "\\ "))"
    }
    return [
      ("host", host), ("port", String(port)), ("user", user), ("password", password), ("dbname", database),
      ("options", options.joined(separator: " ")), ("client_encoding", "UTF8"), ("application_name", "drillmark"),
      ("connect_timeout", "10"),
      ("passfile", "/nonexistent"), ("sslmode", host.hasPrefix("/") ? "disable" : "prefer"), ("gssencmode", "disable"),
    ]
  }
}
