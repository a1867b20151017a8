/// Whose server: the two share a protocol and most of their SQL, and differ in options, tools and system tables.
package enum MySQLVendor: String, Sendable, Hashable, CaseIterable {
  case mariadb
  case mysql

  /// Whose a server is that says this version; Amazon's own say what they descend from.
  package init(serverVersion: String) { self = serverVersion.contains("MariaDB") ? .mariadb : .mysql }

  /// For people.
  package var title: String { self == .mariadb ? "MariaDB" : "MySQL" }

  /// The server program's names, the vendor's own first.
  var servers: [String] { self == .mariadb ? ["mariadbd", "mysqld"] : ["mysqld"] }
  /// The client program's names.
  var clients: [String] { self == .mariadb ? ["mariadb", "mysql"] : ["mysql"] }
  /// Debian's package with the server.
  package var package: String { self == .mariadb ? "mariadb-server" : "mysql-server" }
}
