import Foundation
import Glibc
import ToolRunner

/// Dumps of one small MariaDB server with the binary logs from before the first to after the last, made once for all tests of a process.
/// Tests change copies only.
package struct SampleMySQLLogs: Sendable {
  package let path: String

  package static let isInstalled = ["mariadbd", "mariadb-dump", "mariadb-binlog", "mydumper"].allSatisfy {
    (try? SampleMySQL.tools.locate($0, in: ["/usr/sbin"], package: nil)) != nil
  }
  package static let absence = "no MariaDB with its binary log reader, or no mydumper, is installed"

  private static let common = Task { try SampleMySQLLogs() }
  /// Holds the directory for as long as the process lives.
  private static let folder = TemporaryFolder("dmlogs")
  package static func shared() async throws -> SampleMySQLLogs { try await common.value }

  private init() throws {
    path = SampleMySQLLogs.folder.path
    try HostProgram.run("/bin/bash", ["-c", SampleMySQLLogs.script, "sample", path])
  }

  /// What the script noted: `middle-time`, `middle-position`, `middle-gtid`.
  package func mark(_ name: String) throws -> String {
    try String(contentsOfFile: "\(path)/marks/\(name)", encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// `one` (database shop), `gtid` (the same with --gtid), `all`, `two` (of three databases) and `none` (without a place).
  package func dump(_ name: String) -> String { "\(path)/\(name).sql" }
  package var directory: String { "\(path)/mydumper" }
  package var logs: String { "\(path)/logs" }
  /// The same with one more, in which a session in another database changed `shop` by a logged statement.
  package var crossed: String { "\(path)/crossed" }
  /// Logs of another server with the same names.
  package var foreign: String { "\(path)/foreign" }

  private static let script = #"""
    set -euo pipefail
    cd "$1"; mkdir server logs marks foreign; chmod 755 .
    init() { mariadb-install-db --no-defaults --user="$(id -un)" --datadir="$1" --auth-root-authentication-method=normal --skip-test-db \
      --skip-name-resolve >install.log 2>&1; }
    socket=$(mktemp -d)/s
    sql() { mariadb --no-defaults -S "$socket" -u root -N "${2:--Dmysql}" -e "$1"; }
    start() {
      mariadbd --no-defaults --user="$(id -un)" --datadir="$1" --socket="$socket" --skip-networking --log-bin="$2/bin" --server-id="$3" \
        --binlog-format=row --innodb-log-file-size=8M --log-error="$2.log" &
      server=$!
      for _ in $(seq 200); do sql 'select 1' >/dev/null 2>&1 && break; sleep 0.1; done
    }
    trap 'kill -9 $server; rm -rf "$(dirname "$socket")"' EXIT
    init "$1/server"; cp -r "$1/server" "$1/other"; start "$1/other" "$1/foreign" 9
    sql "create database shop; create table shop.orders(id int primary key, note varchar(200), at timestamp default now())"
    for i in $(seq 30); do echo "insert into shop.orders(id, note) values ($i, repeat('f', 100));"; done | mariadb --no-defaults -S "$socket" -u root
    sql 'flush binary logs; flush binary logs'; sql 'shutdown'; wait $server || true
    start "$1/server" "$1/logs" 7
    sql "create database shop; create database other; create database empty_one; create user app@'%' identified by 'secret'"
    sql "create table shop.orders(id int primary key, note varchar(200), at timestamp default now()); create table other.t(a int primary key)"
    sql "insert into shop.orders(id, note) select seq, repeat('x', 50) from seq_1_to_500; insert into other.t values (1)"
    sql 'flush binary logs'; sql "insert into shop.orders(id, note) values (501, 'in the second log')"
    dump() { mariadb-dump --no-defaults -S "$socket" -u root --single-transaction --routines --triggers "$@"; }
    dump --master-data=2 shop >one.sql
    dump --master-data=1 --gtid shop >gtid.sql
    dump --master-data=1 --all-databases >all.sql
    dump --master-data=2 --databases shop other >two.sql
    dump shop >none.sql
    mydumper -S "$socket" -u root -B shop -o mydumper >/dev/null 2>&1
    sleep 1.1; sql "insert into shop.orders(id, note) values (9001, 'before'); insert into other.t values (2)"
    sql 'show master status' | cut -f1,2 | tr '\t' ':' >marks/middle-position; sql 'select @@gtid_binlog_pos' >marks/middle-gtid
    sleep 1.1; date --utc +%Y-%m-%dT%H:%M:%SZ >marks/middle-time; sleep 1.1
    sql "insert into shop.orders(id, note) values (9002, 'after'); grant select on shop.* to app@'%'; drop user app@'%'; create user new@'%'"
    sql 'flush binary logs'
    printf '1\tx\n2\ty\n' >rows; chmod 644 rows
    mariadb --no-defaults -S "$socket" -u root --default-character-set=latin1 -D shop <<'SQL'
    set binlog_format=statement;
    create table loaded(id int, x varchar(50)) character set utf8mb4;
    set sql_mode='NO_BACKSLASH_ESCAPES'; insert into loaded values (10, 'a\'), (11, '; drop user x; \'); set sql_mode='';
    insert into loaded values (12, 'it\'s; "quoted" \\');
    create user gone@'%'; grant all on shop.* to gone@'%';
    create definer=gone@'%' trigger made after insert on loaded for each row insert into noted values (new.id);
    create table noted(id int);
    insert into loaded values (13, 'by a trigger');
    SQL
    sql 'flush binary logs'
    sql "set binlog_format=statement; load data infile '$1/rows' into table shop.loaded; drop user gone@'%'" -Dshop
    sql "set binlog_format=row; create database later; create table later.t(a int); insert into later.t values (1)"
    sql "update shop.orders set note = 'changed' where id <= 10; delete from shop.orders where id = 20"
    sql 'flush binary logs'; sql "set binlog_format=statement; update shop.orders set note = 'crossed' where id = 1"
    sql 'shutdown'; wait $server || true; rm -f logs/bin.index logs/bin.state; cp -r logs crossed; rm logs/"$(ls logs | tail -1)"
    trap - EXIT; rm -rf "$(dirname "$socket")" server other; rm -f foreign/bin.index foreign/bin.state
    """#
}
