package import DrillModel
import EngineKit
import Foundation
import Glibc
package import MySQLKit
package import ToolRunner

/// Backups of a throw-away MariaDB or MySQL, made once a test process.
package enum SampleMySQL {
  package static let tools = SupervisedTools(run: "01TESTTESTTESTTESTTESTTEST")
  /// Whether a server with its client, and mysqldump, are on this machine.
  package static let isInstalled: Bool = ["mariadbd", "mysqld"].contains { (try? tools.locate($0, in: ["/usr/sbin"], package: nil)) != nil }
  package static let absence: String = "no MariaDB or MySQL server is installed"
  package static let hasMyDumper = (try? tools.locate("mydumper", in: [], package: nil)) != nil

  package struct Dumps: Sendable {
    /// One database with 1000 orders, 50 customers, a view, a trigger, a procedure, a function and an event, taken with their definers.
    package var plain: [UInt8]
    /// The same, which makes and enters its database `shop` itself.
    package var databases: [UInt8]
    /// All databases, with those of the server.
    package var all: [UInt8]
    /// A directory of mydumper, compressed; nil where there is no mydumper. To be copied, never changed.
    package var directory: String?
  }

  /// - Throws: what went wrong, when the server cannot be made.
  package static func dumps() async throws -> Dumps { try await shared.value }

  private static let shared = Task { try await make() }
  /// Holds the directory for as long as the process lives.
  private static let folder = TemporaryFolder("dmmy")

  package static let content = """
    CREATE DATABASE shop CHARACTER SET utf8mb4;
    USE shop;
    CREATE USER owner@localhost;
    GRANT ALL ON shop.* TO owner@localhost;
    CREATE TABLE customers(id INT PRIMARY KEY, name VARCHAR(100) NOT NULL, picture BLOB, born DATE DEFAULT '0000-00-00');
    CREATE TABLE orders(id BIGINT AUTO_INCREMENT PRIMARY KEY, customer INT NOT NULL, created_at DATETIME NOT NULL, note TEXT,
      KEY (created_at), CONSTRAINT orders_customer FOREIGN KEY (customer) REFERENCES customers(id));
    CREATE TABLE audit(id INT AUTO_INCREMENT PRIMARY KEY, what VARCHAR(50)) ENGINE=MyISAM;
    SET SESSION sql_mode = '';
    INSERT INTO customers WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50)
      SELECT i, concat('customer ', i, ' it''s; -- \\\\ "quoted" 😀'), unhex('00ff0a0d1a27225c'), '0000-00-00' FROM n;
    SET SESSION cte_max_recursion_depth = 2000;
    INSERT INTO orders(customer, created_at, note) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
      SELECT 1 + i % 50, utc_timestamp() - INTERVAL i MINUTE, repeat(md5(i), 3) FROM n;
    CREATE DEFINER=owner@localhost VIEW recent AS SELECT id, created_at FROM shop.orders WHERE id > 990;
    DELIMITER //
    CREATE DEFINER=owner@localhost TRIGGER orders_made AFTER INSERT ON orders FOR EACH ROW BEGIN
      INSERT INTO audit(what) VALUES (concat('order; ', NEW.id)); END//
    CREATE DEFINER=owner@localhost PROCEDURE tidy() BEGIN DELETE FROM audit; SELECT 1; END//
    CREATE DEFINER=owner@localhost FUNCTION doubled(x INT) RETURNS INT DETERMINISTIC RETURN x * 2//
    CREATE DEFINER=owner@localhost EVENT nightly ON SCHEDULE EVERY 1 DAY DO DELETE FROM audit//
    DELIMITER ;
    """

  private static func make() async throws -> Dumps {
    try await withServer { server in
      let file = "\(folder.path)/client.cnf"
      let login = server.administrator.optionsFile
      try Data((login + login.replacing("[client]", with: "[mydumper]")).utf8).write(to: URL(fileURLWithPath: file))
      let content = content.replacing(
        "SET SESSION cte_max", with: server.installation.vendor == .mariadb ? "SET @cte_max" : "SET SESSION cte_max")
      try HostProgram.run(server.installation.client, ["--defaults-file=\(file)", "--default-character-set=utf8mb4"], input: content)
      func dump(_ arguments: [String], _ name: String) throws -> [UInt8] {
        let program = try server.installation.program(["mariadb-dump", "mysqldump"], package: "mariadb-client", tools: tools)
        let all = ["--defaults-file=\(file)", "--routines", "--events", "--triggers", "--result-file=\(folder.path)/\(name)"]
        try HostProgram.run(program, all + arguments)
        return TextFile.bytes("\(folder.path)/\(name)")
      }
      var dumps = Dumps(
        plain: try dump(["shop"], "plain"), databases: try dump(["--databases", "shop"], "databases"),
        all: try dump(["--all-databases"], "all"))
      if hasMyDumper {
        dumps.directory = "\(folder.path)/mydumper"
        let mydumper = try tools.locate("mydumper", package: "mydumper")
        try HostProgram.run(
          mydumper,
          [
            "--defaults-file=\(file)", "--socket=\(server.socket)/\(MySQLServer.socketName)", "--user=\(server.administrator.user)",
            "--password=\(server.administrator.password)", "--outputdir=\(folder.path)/mydumper", "--rows=300", "--triggers", "--events",
            "--routines", "--compress",
            "--database=shop",
          ])
      }
      return dumps
    }
  }

  /// Starts a server, gives it to `body` and ends it.
  package static func withServer<T>(
    durability: Durability = .relaxed, extra: [String] = [], _ body: (MySQLServer) async throws -> T
  ) async throws -> T {
    let scratch = try EngineScratch()
    let context = scratch.context(tools: tools, durability: durability, user: EngineScratch.boxUser, cache: EngineScratch.cache)
    let installation = try await MySQLInstallation.find(preferring: nil, tools: tools)
    let confinement = Confinement(user: context.user, isBoxed: true, holdsSuperuser: false)
    let socket = try await SocketDirectory.settle(context, longest: MySQLServer.socketName)
    let result: Result<T, any Error>
    let server = try await MySQLServer.fresh(installation, context, confinement, socket: socket.path, extra: extra)
    do { result = .success(try await body(server)) } catch { result = .failure(error) }
    await server.stop()
    try await socket.remove(context)
    return try result.get()
  }
}
