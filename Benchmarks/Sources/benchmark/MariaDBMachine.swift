import Glibc

/// MariaDB as installed on this machine, and servers of it for the bare side. One runs at a time in a folder.
struct MariaDBMachine {
  let folder: String
  var socket: String { "\(folder)/socket" }

  /// Makes the folder, which belongs to the server's user.
  ///
  /// - Throws: `Unavailable` when a program is missing.
  init(_ name: String, _ workshop: Workshop) throws {
    try Programs.require("mariadbd", "mariadb-install-db", "mariadb", "mariadb-admin", "setpriv", "cp")
    folder = "\(workshop.root)/bare/\(name)"
    try workshop.make("mkdir -p \(folder)" + (getuid() == 0 ? "; chown mysql \(folder)" : ""))
  }

  /// What goes before a server's command: it refuses to be root, and writes where its user may. The server ends with us.
  var asServerUser: String {
    let user = getuid() == 0 ? "--reuid=mysql --regid=mysql --clear-groups " : ""
    return "env TMPDIR=\(folder) setpriv --pdeathsig KILL \(user)-- "
  }

  /// As durable as a drill's server, and with its memory. Templates have the log's size already: making it anew costs a second.
  static let settings = "--innodb-buffer-pool-size=2G \(log) --max-allowed-packet=1G --performance-schema=OFF"
  private static let log = "--innodb-log-file-size=256M"

  /// A shell line that initialises a data directory.
  func initialise(_ data: String) -> String {
    "\(asServerUser)mariadb-install-db --no-defaults --datadir=\(data) --auth-root-authentication-method=normal --skip-test-db "
      + "--skip-name-resolve \(MariaDBMachine.log) >\(folder)/made 2>&1"
  }

  /// Shell lines that start a server and wait until it answers; it is then process `$server`.
  func start(_ data: String, _ settings: String = MariaDBMachine.settings) -> String {
    """
    \(asServerUser)mariadbd --no-defaults --datadir=\(data) --socket=\(socket) --pid-file=\(folder)/pid --skip-networking \(settings) 2>\(folder)/log &
    server=$!
    until mariadb-admin --no-defaults -S \(socket) -u root ping >\(folder)/answer 2>&1; do kill -0 $server; sleep 0.01; done
    """
  }

  /// Shell lines that end that server at once and remove its data.
  func stop(_ data: String) -> String { "kill -KILL $server\nwait $server || true\nrm -rf \(data)" }

  /// A client's command, up to its own options.
  func client(_ name: String) -> String { "\(name) --no-defaults -S \(socket) -u root" }

  /// A shell line that fails unless the table has so many rows.
  func count(_ rows: Int) -> String { "test \"$(\(client("mariadb")) -N -e 'select count(*) from bench.item')\" -eq \(rows)" }

  /// SQL that makes a database `bench` whose table `item` has so many rows and two indexes.
  static func contents(_ rows: Int) -> String {
    """
    create database bench; use bench;
    create table item(id bigint primary key, customer bigint not null, total decimal(12,2) not null, note varchar(200), made datetime not null,
      index(customer), index(made));
    insert into item select seq, 1 + seq % 1000, seq * 7919 % 100000 / 100, concat(md5(seq), md5(seq * 7)), '2026-01-01' - interval seq second
      from seq_1_to_\(rows);
    """
  }
}
