extension CaseGroup {
  static let postgresqlPhysical = CaseGroup(names: ["postgresql-physical"]) { workshop, options in
    try Programs.require("setpriv", "zstd", "tar", "cp")
    return try PostgreSQLPhysicalCases(workshop: workshop, options: options).prepare()
  }
}

/// A base backup of archives and the log written since, rolled forward to the log's end.
private struct PostgreSQLPhysicalCases {
  let workshop: Workshop
  let options: Options
  private let machine: PostgreSQLMachine
  private let folder: String
  private let backup: String
  private let log: String

  init(workshop: Workshop, options: Options) throws {
    self.workshop = workshop
    self.options = options
    machine = try PostgreSQLMachine()
    folder = "\(workshop.root)/bare/postgresql-physical"
    backup = workshop.backup("postgresql-physical", suffix: "")
    log = "\(workshop.root)/backups/log"
  }

  func prepare() throws -> [Case] {
    for path in [folder, log] { try machine.makeFolder(path, workshop) }
    let (before, after) = (options.scaled(1_000_000), options.scaled(500_000))
    try make(before, after)
    let ours = try workshop.drill(
      "postgresql-physical", engine: "engine: postgresql-physical\ndatabase: bench",
      checks: ["rows: {table: item, equals: \(before + after)}"],
      more: ["logs: {from: ../backups/log}"])
    return [
      Case(
        name: "postgresql-physical", ours: ours, theirs: try workshop.script("postgresql-physical", bare(before + after)),
        against:
          "`zstd -dc \\| tar -xf -`, `pg_verifybackup`, `sync -f`, a server with `restore_command = cp …` until it is out of recovery, count, `rm -rf`"
      )
    ]
  }

  private func insert(_ first: Int, _ last: Int) -> String {
    """
    insert into item select i, i % 1000, md5(i::text) || md5((i * 7)::text), timestamptz '2026-01-01' + i * interval '1 second'
      from generate_series(\(first), \(last)) i
    """
  }

  private func make(_ before: Int, _ after: Int) throws {
    let data = "\(folder)/source"
    try machine.initialise(data, options: "--data-checksums", workshop)
    let archiving = [
      "-c", "fsync=off", "-c", "archive_mode=on", "-c", "archive_command=cp %p \(log)/%f.part && mv \(log)/%f.part \(log)/%f", "-c",
      "max_wal_size=4GB",
    ]
    let sql = "\(machine.client("psql", folder)) -X -q -v ON_ERROR_STOP=1"
    let create = "create table item(id bigint primary key, customer bigint not null, note text, created_at timestamptz not null)"
    try workshop.make(
      try workshop.script(
        "postgresql-physical-source",
        """
        \(machine.start(data, socket: folder, settings: archiving))
        \(sql) -c "\(create)" -c "create index on item(customer)" -c "\(insert(1, before))"
        \(machine.asServerUser)\(machine.program("pg_basebackup")) -h \(folder) -U bench -D \(folder)/base -Ft -c fast -X stream
        \(sql) -c "\(insert(before + 1, before + after))" -c "select pg_switch_wal()" >\(folder)/answer
        kill -INT $server; wait $server || true
        zstd -q -1 --rm \(folder)/base/base.tar
        mv \(folder)/base \(backup)
        rm -rf \(data)
        """
      ).joined(separator: " "))
  }

  private func bare(_ rows: Int) -> String {
    let data = "\(folder)/data"
    // Durable as the drill's own, and with as much memory.
    let settings = [
      "hot_standby=off", "archive_mode=off", "restore_command=cp \(log)/%f %p", "recovery_target_timeline=current", "shared_buffers=2GB",
      "max_wal_size=4GB", "recovery_init_sync_method=syncfs", "maintenance_work_mem=512MB",
    ].flatMap { ["-c", $0] }
    return """
      mkdir -m 700 \(data) \(data)/pg_wal
      zstd -dc \(backup)/base.tar.zst | tar -C \(data) -xf -
      tar -C \(data)/pg_wal -xf \(backup)/pg_wal.tar
      touch \(data)/recovery.signal
      chown -R --reference=\(folder) \(data)
      \(machine.program("pg_verifybackup")) -n -m \(backup)/backup_manifest -i recovery.signal \(data) >\(folder)/verified
      sync -f \(data)
      \(machine.start(data, socket: folder, settings: settings))
      test "$(\(machine.client("psql", folder)) -X -A -t -c 'select pg_is_in_recovery()')" = f
      test "$(\(machine.client("psql", folder)) -X -A -t -c 'select count(*) from item')" -eq \(rows)
      \(machine.stop(data))
      """
  }
}
