import DrillTestSupport
import Foundation
import Glibc
import ToolRunner

/// Repositories of pgBackRest and Barman with backups and log of a throw-away server, made once a test process.
///
/// The server's superuser is called `chief`. Its table `t` has rows 1 to 1000 in the full backup of pgBackRest and in Barman's; 2001 came
/// before the incremental one; then 3001, the restore point `before_loss`, and 4001 and 5001, a segment of log each. Repository 2 is
/// encrypted and has a full backup alone. A tablespace holds the table `u`.
struct SampleRepositories: Sendable {
  static let shared = Task { try await make() }

  /// Whether everything is installed that they are made with.
  static var isPossible: Bool {
    SamplePostgreSQL.binaries != nil && ["pgbackrest", "barman", "rsync"].allSatisfy { access("/usr/bin/\($0)", X_OK) == 0 }
  }
  static let absence = "PostgreSQL, pgbackrest, barman or rsync is not installed"
  /// The pass phrase of repository 2.
  static let passPhrase = "correct-horse-battery"

  let folder: TemporaryFolder
  /// The moment between rows 3001 and 4001, and a position and a transaction there.
  let moment: String
  let position: String
  let transaction: UInt64

  struct Failed: Error { let text: String }

  private static func make() async throws -> SampleRepositories {
    guard let binaries = SamplePostgreSQL.binaries, isPossible else { throw Failed(text: absence) }
    let folder = TemporaryFolder("dmtools")
    let script = folder.file("make.sh", SampleRepositories.script)
    let result = await HostCommand.run(["/bin/bash", script, folder.path, binaries, geteuid() == 0 ? "root" : "", passPhrase])
    guard result.status == 0 else { throw Failed(text: result.said) }
    let lines = TextFile.read("\(folder.path)/facts").split(separator: "\n").map(String.init)
    guard lines.count == 3, let transaction = UInt64(lines[2]) else { throw Failed(text: "facts: \(lines)") }
    return SampleRepositories(folder: folder, moment: lines[0], position: lines[1], transaction: transaction)
  }

  private static let script = """
    set -e
    W=$1; P=$2; S=; ME=$(id -un)
    cd $W
    if [ -n "$3" ]; then S="setpriv --reuid=postgres --regid=postgres --clear-groups --"; ME=postgres; chown postgres $W; fi
    $S mkdir -p s log lock ts repo1 repo2 home/srv/incoming
    $S $P/initdb -D d -U chief -N --no-instructions -A trust -E UTF8 --locale=C -k --wal-segsize=1 >/dev/null
    cat > pgbackrest.conf <<X
    [global]
    repo1-path=$W/repo1
    repo1-retention-full=2
    repo2-path=$W/repo2
    repo2-retention-full=2
    repo2-cipher-type=aes-256-cbc
    repo2-cipher-pass=$4
    log-path=$W/log
    lock-path=$W/lock
    log-level-file=off
    start-fast=y
    compress-type=zst
    [main]
    pg1-path=$W/d
    pg1-socket-path=$W/s
    pg1-user=chief
    X
    cat > barman.conf <<X
    [barman]
    barman_user = $ME
    barman_home = $W/home
    barman_lock_directory = $W/lock
    log_file = $W/log/barman.log
    compression = gzip
    [srv]
    conninfo = host=$W/s user=chief dbname=postgres
    streaming_conninfo = host=$W/s user=chief dbname=postgres
    backup_method = postgres
    archiver = on
    immediate_checkpoint = true
    backup_options = concurrent_backup
    path_prefix = $P
    pre_recovery_script = touch $W/hook
    X
    chmod 644 *.conf
    R="$S pgbackrest --config=$W/pgbackrest.conf --stanza=main --log-level-console=error"
    B="$S env HOME=$W PATH=$P:/usr/bin:/bin barman --quiet --config $W/barman.conf"
    $S $P/postgres -D d -c listen_addresses= -k $W/s -c fsync=off -c archive_mode=on -c wal_level=replica -c autovacuum=off -c "archive_command=\\
    pgbackrest --config=$W/pgbackrest.conf --stanza=main --log-level-console=error archive-push %p && cp %p $W/home/srv/incoming/.%f && mv $W/home/srv/incoming/.%f $W/home/srv/incoming/%f" >>plog 2>&1 & PID=$!
    trap 'kill -9 $PID 2>/dev/null || true' EXIT
    q() { $P/psql -h $W/s -U chief -qXAt -v ON_ERROR_STOP=1 -d postgres -c "$1"; }
    for i in $(seq 400); do q 'select 1' 2>/dev/null | grep -q 1 && break; sleep 0.05; done
    # Nobody misses them, and six hundred files fewer are restored in every test.
    q "update pg_database set datistemplate = false"; q 'drop database template0'; q 'drop database template1'
    q "create tablespace side location '$W/ts'"
    q "create table t(id int primary key, at timestamptz default clock_timestamp(), note text); insert into t select i, now(), repeat(md5(i::text), 4) from generate_series(1, 1000) i; create table u(id int) tablespace side; insert into u values (7)"
    $R stanza-create
    $R --repo=1 --type=full backup 2>/dev/null
    $R --repo=2 --type=full backup 2>/dev/null
    $B receive-wal --help >/dev/null
    $B switch-wal --force --archive --archive-timeout 20 srv
    $B backup --wait srv
    q "insert into t(id) values (2001)"
    sleep 1
    $R --repo=1 --type=incr backup 2>/dev/null
    sleep 1.1
    q "insert into t(id) values (3001); select pg_switch_wal()" >/dev/null
    sleep 0.3
    q "select to_char(now() at time zone 'UTC', 'YYYY-MM-DD\\"T\\"HH24:MI:SS.MS\\"Z\\"')" > facts
    q "select pg_create_restore_point('before_loss')" >> facts
    q "select xmin from t where id = 3001" >> facts
    sleep 0.1
    # The commit is to be in the segment that ends, so the switch is a statement of its own.
    q "insert into t(id) values (4001)"; q "select pg_switch_wal()" >/dev/null
    q "insert into t(id) values (5001)"
    LAST=$(q "select pg_walfile_name(pg_switch_wal())")
    for i in $(seq 400); do [ -e home/srv/incoming/$LAST ] && break; sleep 0.05; done
    $B archive-wal srv
    # Ended at once, so that it archives nothing more.
    kill -QUIT $PID; wait $PID || true
    test -z "$(ls hook 2>/dev/null)"
    """
}
