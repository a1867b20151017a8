import DrillTestSupport
import Foundation
import Glibc
import MySQLKit
import ToolRunner

/// Backups of one small MariaDB server, made once for all tests of a process: full, two incremental ones, each also as a stream, and the
/// binary logs from before the first to after the last. Tests change copies only.
struct PhysicalSample: Sendable {
  let path: String

  static let tools = SupervisedTools(run: "01TESTTESTTESTTESTTESTTEST")
  static let isInstalled = ["mariadbd", "mariadb-backup", "mbstream", "mariadb-binlog"].allSatisfy {
    (try? tools.locate($0, in: ["/usr/sbin"], package: nil)) != nil
  }
  static let absence = "no MariaDB with mariadb-backup is installed"

  private static let common = Task { try PhysicalSample() }
  static func shared() async throws -> PhysicalSample { try await common.value }

  private init() throws {
    path = NSTemporaryDirectory() + "mysql-physical-sample-\(getpid())"
    try? FileManager.default.removeItem(atPath: path)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try HostProgram.run("/bin/bash", ["-c", PhysicalSample.script, "sample", path])
    PhysicalSample.removeAtExit(path)
  }

  /// What the script noted: `before-time`, `after-position` and the like.
  func mark(_ name: String) throws -> String {
    try String(contentsOfFile: "\(path)/marks/\(name)", encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  var full: String { "\(path)/full" }
  var increments: [String] { ["\(path)/inc1", "\(path)/inc2"] }
  var streams: [String] { ["full.xb", "inc1.xb", "inc2.xb"].map { "\(path)/streams/\($0)" } }
  var logs: String { "\(path)/logs" }

  private nonisolated(unsafe) static var madeBy: [CChar] = []

  private static func removeAtExit(_ path: String) {
    madeBy = path.utf8CString.map { $0 }
    atexit {
      let path = String(decoding: PhysicalSample.madeBy.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
      try? FileManager.default.removeItem(atPath: path)
    }
  }

  private static let script = #"""
    set -euo pipefail
    cd "$1"; mkdir server logs streams marks aside; chmod 755 .
    mariadb-install-db --no-defaults --user="$(id -un)" --datadir="$1/server" --auth-root-authentication-method=normal \
      --skip-test-db --skip-name-resolve >install.log 2>&1
    socket=$(mktemp -d)/s
    sql() { mariadb --no-defaults -S "$socket" -u root -N -D mysql -e "$1"; }
    start() {
      mariadbd --no-defaults --user="$(id -un)" --datadir="$1/server" --socket="$socket" --skip-networking --log-bin="$1/logs/bin" \
        --server-id=7 --innodb-log-file-size=8M --log-error="$1/server.log" --plugin-maturity=unknown &
      server=$!
      for _ in $(seq 200); do sql 'select 1' >/dev/null 2>&1 && break; sleep 0.1; done
    }
    trap 'kill -9 $server; rm -rf "$(dirname "$socket")"' EXIT
    start "$1"
    backup() { mariadb-backup --no-defaults --backup -S "$socket" --datadir="$1/server" -u root "${@:2}" 2>>"$1/backup.log"; }
    place() { sql 'show master status' | cut -f1,2 | tr '\t' ':'; }
    sql "create database shop; create user app@'%' identified by 'secret'; grant all on *.* to app@'%'"
    sql "create table shop.orders(id int primary key, note varchar(200), at timestamp default now(), key(note)) engine=innodb"
    sql "insert into shop.orders(id, note) select seq, repeat(char(97 + seq % 26), 100) from seq_1_to_3000"
    sql "create table shop.old(id int primary key, x text) engine=myisam; insert into shop.old values (1, 'a'), (2, 'b')"
    sql "create table shop.aside(id int primary key) data directory='$1/aside'; insert into shop.aside values (1), (2), (3)"
    sql "create table shop.parts(id int primary key) partition by hash(id) partitions 3; insert into shop.parts select seq from seq_1_to_30"
    sql "create definer=app@'%' view shop.counted as select count(*) as n from shop.orders"
    sql "create definer=nobody@nowhere view shop.orphan as select 1 as n"
    sql "create event shop.tick on schedule every 1 second do insert into shop.old values (99, 'event')"
    settle() { sql 'set global innodb_max_dirty_pages_pct_lwm=0, innodb_max_dirty_pages_pct=0; flush tables'; sleep 1.5; }
    # Only a shutdown surely writes a checkpoint; without one the redo log holds every page, and mends what a test damages.
    sql 'shutdown'; wait $server || true; start "$1"
    backup "$1" --target-dir="$1/full"
    sql "insert into shop.orders(id, note) select seq, 'second' from seq_3001_to_4000; create table shop.later(id int primary key)"
    settle; sql 'flush logs'
    backup "$1" --target-dir="$1/inc1" --incremental-basedir="$1/full"
    sql "insert into shop.orders(id, note) select seq, 'third' from seq_4001_to_5000; delete from shop.orders where id <= 10"; sleep 1
    backup "$1" --target-dir="$1/inc2" --incremental-basedir="$1/inc1"
    sql 'flush binary logs'; sleep 1.1
    sql "insert into shop.orders(id, note) values (9001, 'before')"
    place >marks/middle-position; sql 'select @@gtid_binlog_pos' >marks/middle-gtid
    sleep 1.1; date --utc +%Y-%m-%dT%H:%M:%SZ >marks/middle-time; sleep 1.1
    sql "insert into shop.orders(id, note) values (9002, 'after'); flush binary logs"
    printf '1\tx\n2\ty\n' >"$1/rows"; chmod 644 "$1/rows"
    sql "set binlog_format=statement; create table shop.loaded(id int, x text); load data infile '$1/rows' into table shop.loaded"
    sql "create temporary table shop.t(id int); insert into shop.t values (5); flush binary logs; insert into shop.loaded select id, 'temporary' from shop.t" || true
    sql 'flush binary logs'; date --utc +%Y-%m-%dT%H:%M:%SZ >marks/end-time
    sql 'shutdown'; wait $server || true
    for name in full inc1 inc2; do (cd $name; find . -type f -printf '%P\n' | xargs mbstream -c) >streams/$name.xb; done
    tar -C . -cf streams/full.tar full
    trap - EXIT; rm -rf "$(dirname "$socket")" server; rm -f logs/bin.index logs/bin.state
    """#
}
