import DrillTestSupport
import Foundation
import Glibc
import ToolRunner

/// Physical backups and the log archive of a throw-away server, made once a test process.
///
/// Its superuser is called `chief`. The table `t` of the database `shop` has rows 1 to 1000 in the base backups; then 2001, the restore
/// point `before_loss`, and 3001, 4001, 5001, a segment of log each. A second timeline leaves the first at the restore point and has 9001.
struct SampleCluster: Sendable {
  static let shared = Task { try await make() }

  let folder: TemporaryFolder
  /// The moment between rows 2001 and 3001, and a position there.
  let moment: String
  let position: String
  /// The transaction that made row 2001.
  let transaction: UInt64

  var plain: String { "\(folder.path)/plain" }
  /// `pg_basebackup -Ft -z`, with the log in an archive of its own.
  var archives: String { "\(folder.path)/archives" }
  /// `pg_basebackup -Ft -X fetch -D -`.
  var stream: String { "\(folder.path)/base.tar" }
  /// The first timeline's log: segments 1 to the last.
  var log: String { "\(folder.path)/wal" }
  /// The same with the second timeline's.
  var branchedLog: String { "\(folder.path)/wal2" }
  /// A copy of the server's files after it was shut down.
  var cold: String { "\(folder.path)/d" }
  /// The same of one that ran with `wal_level=minimal` at last.
  var minimal: String { "\(folder.path)/m" }
  /// The cold copy with segments of log of 64 MB.
  var large: String { "\(folder.path)/large" }

  /// What a test takes of it.
  enum Part: Sendable { case plain, archives, stream, cold, minimal, large, log, branchedLog }

  func path(_ part: Part) -> String {
    switch part {
    case .plain: plain
    case .archives: archives
    case .stream: stream
    case .cold: cold
    case .minimal: minimal
    case .large: large
    case .log: log
    case .branchedLog: branchedLog
    }
  }

  /// A script that leaves of a segment its first record alone, which begins behind the page's header of 40 bytes with its length.
  static func shorten(_ file: String) -> String {
    "n=$(od -An -tu4 -j40 -N4 \(file)); head -c $((40 + (n + 7) / 8 * 8)) \(file) > x; truncate -s 16M x; mv x \(file)"
  }

  struct Failed: Error { let text: String }

  private static func make() async throws -> SampleCluster {
    guard let binaries = SamplePostgreSQL.binaries else { throw Failed(text: SamplePostgreSQL.absence) }
    let folder = TemporaryFolder("dmphys")
    let script = folder.file("make.sh", SampleCluster.script)
    let result = await HostCommand.run(["/bin/bash", script, folder.path, binaries, geteuid() == 0 ? "root" : ""])
    guard result.status == 0 else { throw Failed(text: result.said) }
    let lines = TextFile.read("\(folder.path)/facts").split(separator: "\n").map(String.init)
    guard lines.count == 3, let transaction = UInt64(lines[2]) else { throw Failed(text: "facts: \(lines)") }
    return SampleCluster(folder: folder, moment: lines[0], position: lines[1], transaction: transaction)
  }

  private static let script = """
    set -e
    W=$1; P=$2; S=
    cd $W
    if [ -n "$3" ]; then S="setpriv --reuid=postgres --regid=postgres --clear-groups --"; chown postgres $W; fi
    $S mkdir s wal wal2 p
    $S $P/initdb -D d -U chief -N --no-instructions -A trust -E UTF8 --locale=C -k >/dev/null
    start() { $S $P/postgres -D $1 -c listen_addresses= -k $W/s -c fsync=off -c archive_mode=on -c "archive_command=cp %p $W/$2/%f" \\
      -c wal_level=replica -c autovacuum=off "${@:3}" >>log 2>&1 & PID=$!; }
    await() { for i in $(seq 400); do $P/psql -h $W/s -U chief -XAtc 'select 1 where not pg_is_in_recovery()' postgres 2>/dev/null | grep -q 1 && return; sleep 0.05; done; cat log; exit 1; }
    q() { $P/psql -h $W/s -U chief -qXAt -v ON_ERROR_STOP=1 -d shop -c "$1"; }
    start d wal; await
    # Nobody misses it, and three hundred files fewer are copied in every test.
    $P/psql -h $W/s -U chief -qXc "update pg_database set datistemplate = false where datname = 'template0'" -c 'drop database template0' postgres
    $P/createdb -h $W/s -U chief shop
    q "create table t(id int primary key, at timestamptz default clock_timestamp(), note text); insert into t select i, now(), repeat(md5(i::text), 4) from generate_series(1, 1000) i"
    $S $P/pg_basebackup -h $W/s -U chief -D plain -c fast -X stream
    $S $P/pg_basebackup -h $W/s -U chief -D archives -c fast -X stream -Ft -z
    $S $P/pg_basebackup -h $W/s -U chief -D - -c fast -X fetch -Ft > base.tar
    sleep 1.2
    q "insert into t(id) values (2001); select pg_switch_wal()" >/dev/null
    sleep 0.3
    q "select to_char(now() at time zone 'UTC', 'YYYY-MM-DD\\"T\\"HH24:MI:SS.MS\\"Z\\"')" > facts
    q "select pg_create_restore_point('before_loss')" >> facts
    q "select xmin from t where id = 2001" >> facts
    sleep 0.1
    for n in 3001 4001 5001; do q "insert into t(id) values ($n); select pg_switch_wal()" >/dev/null; done
    kill -INT $PID; wait $PID || true
    cp -a wal/. wal2/; cp -a plain p/d
    $S touch p/d/recovery.signal
    $S sh -c "printf '%s\\n' \\"restore_command='cp $W/wal/%f %p'\\" 'recovery_target_name=before_loss' 'recovery_target_action=promote' >> p/d/postgresql.auto.conf"
    start p/d wal2; await
    q "insert into t(id) values (9001); select pg_switch_wal()" >/dev/null
    kill -INT $PID; wait $PID || true
    cp -a d m
    start m none -c wal_level=minimal -c max_wal_senders=0 -c archive_mode=off; await
    kill -INT $PID; wait $PID || true
    rm -rf p d/postmaster.pid
    cp -a d large
    $S $P/pg_resetwal --wal-segsize=64 -D large >/dev/null
    """
}
