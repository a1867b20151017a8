/// Where a server is reached, as whom, and which database is entered. Printing it shows no password.
package struct MySQLEndpoint: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
  package enum Place: Sendable, Hashable {
    case socket(String)
    /// Always over TLS; `authority` is a file of certificates that the server's must chain to.
    case network(host: String, port: UInt16, authority: String)
  }

  package var place: Place
  package var user: String
  package var password: String
  /// Nil enters none.
  package var database: String?

  package init(_ place: Place, user: String, password: String, database: String? = nil) {
    self.place = place
    self.user = user
    self.password = password
    self.database = database
  }

  /// The same in another database.
  package func entering(_ database: String?) -> MySQLEndpoint {
    MySQLEndpoint(place, user: user, password: password, database: database)
  }

  /// The text of an options file for the vendor's programs, by which no password is in an argument.
  package var optionsFile: String {
    var lines = ["[client]", "user=\(user)", "password=\"\(password)\""]
    switch place {
    case .socket(let path): lines += ["socket=\"\(path)\"", "protocol=socket"]
    case .network(let host, let port, let authority):
      lines += ["host=\"\(host)\"", "port=\(port)", "protocol=tcp", "ssl-ca=\"\(authority)\"", "ssl-verify-server-cert"]
    }
    return lines.joined(separator: "\n") + "\n"
  }

  package var description: String {
    switch place {
    case .socket(let path): "\(user) at \(path)"
    case .network(let host, let port, _): "\(user) at \(host):\(port)"
    }
  }

  package var customMirror: Mirror { Mirror(self, children: ["place": place, "user": user]) }
}
