/// Where a server is reached, as whom, and which database is entered. Printing it shows no password.
package struct MySQLEndpoint: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
  package enum Place: Sendable, Hashable {
    case socket(String)
    /// Always over TLS. The server's certificate must be for `host` and chain to one in the file `authority`; without that nothing proves who
    /// answers. `addresses` are the only ones that the name may lead to; none for any.
    case network(host: String, port: UInt16, authority: String?, addresses: [String])
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
    // Between quotes a backslash begins an escape ("Using option files").
    func quoted(_ text: String) -> String { "\"\(text.replacing("\\", with: "\\\\"))\"" }
    var lines = ["[client]", "user=\(quoted(user))", "password=\(quoted(password))"]
    switch place {
    case .socket(let path): lines += ["socket=\(quoted(path))", "protocol=socket"]
    case .network(let host, let port, let authority, _):
      lines += ["host=\(quoted(host))", "port=\(port)", "protocol=tcp"]
      lines += authority.map { ["ssl-ca=\(quoted($0))", "ssl-verify-server-cert"] } ?? ["ssl"]
    }
    return lines.joined(separator: "\n") + "\n"
  }

  package var description: String {
    switch place {
    case .socket(let path): "\(user) at \(path)"
    case .network(let host, let port, _, _): "\(user) at \(host):\(port)"
    }
  }

  package var customMirror: Mirror { Mirror(self, children: ["place": place, "user": user]) }
}
