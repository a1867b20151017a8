internal import GRDB

extension Ledger {
  /// Number of migrations, kept in SQLite's `user_version` where it can be read without opening the database.
  static let version: Int32 = 3

  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1 entries, projections, live runs") { db in
      for statement in [chainTables, projectionTables, liveTables, outboxTables] { try db.execute(sql: statement) }
      try db.execute(sql: "PRAGMA application_id = \(LedgerFile.applicationID); PRAGMA user_version = 1")
    }
    migrator.registerMigration("2 delivery and incidents") { db in
      try db.execute(sql: deliveryTables)
      try db.execute(sql: "PRAGMA user_version = 2")
    }
    migrator.registerMigration("3 memory of schedules") { db in
      try db.execute(sql: scheduleTable)
      try db.execute(sql: "PRAGMA user_version = 3")
    }
    return migrator
  }

  // The two triggers keep honest programs honest. They prove nothing: whoever can write the file can drop them.
  private static let chainTables = """
    CREATE TABLE entry (
      sequence INTEGER PRIMARY KEY, kind TEXT NOT NULL, subject_run TEXT NOT NULL, format INTEGER NOT NULL,
      previous BLOB NOT NULL, body BLOB NOT NULL, hash BLOB NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX entry_run ON entry (subject_run) WHERE kind = 'run';
    CREATE INDEX entry_amendment ON entry (subject_run, sequence) WHERE kind = 'amendment';
    CREATE TRIGGER entry_is_never_updated BEFORE UPDATE ON entry BEGIN SELECT raise(ABORT, 'entries are never changed'); END;
    CREATE TRIGGER entry_is_never_deleted BEFORE DELETE ON entry BEGIN SELECT raise(ABORT, 'entries are never removed'); END;
    """

  private static let projectionTables = """
    CREATE TABLE run (
      sequence INTEGER PRIMARY KEY REFERENCES entry (sequence), run TEXT NOT NULL UNIQUE, drill TEXT NOT NULL,
      triggered_by TEXT NOT NULL, verdict TEXT NOT NULL, failure_instant INTEGER NOT NULL, started_at INTEGER NOT NULL,
      finished_at INTEGER NOT NULL, point TEXT, point_taken_at INTEGER, point_origin TEXT, point_bytes INTEGER,
      rpo_objective_ms INTEGER, rpo_actual_ms INTEGER, rpo_verdict TEXT NOT NULL,
      rto_objective_ms INTEGER, rto_actual_ms INTEGER, rto_verdict TEXT NOT NULL, cleanup TEXT NOT NULL,
      host TEXT NOT NULL, engine TEXT
    ) STRICT;
    CREATE INDEX run_drill ON run (drill, sequence);
    CREATE INDEX run_drill_verdict ON run (drill, verdict, sequence);
    CREATE TABLE check_result (
      sequence INTEGER NOT NULL REFERENCES entry (sequence), position INTEGER NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,
      severity TEXT NOT NULL, verdict TEXT NOT NULL, expected TEXT, found TEXT, took_ms INTEGER, data INTEGER NOT NULL,
      UNIQUE (sequence, position)
    ) STRICT;
    CREATE TABLE phase (
      sequence INTEGER NOT NULL REFERENCES entry (sequence), position INTEGER NOT NULL, name TEXT NOT NULL,
      start_ms INTEGER, end_ms INTEGER, UNIQUE (sequence, position)
    ) STRICT;
    CREATE TABLE miss (
      sequence INTEGER PRIMARY KEY REFERENCES entry (sequence), drill TEXT NOT NULL, due INTEGER NOT NULL, kind TEXT NOT NULL,
      noted_at INTEGER NOT NULL, UNIQUE (drill, due)
    ) STRICT;
    CREATE TABLE recovery_point_seen (
      drill TEXT NOT NULL, location TEXT NOT NULL, taken_at INTEGER NOT NULL, origin TEXT NOT NULL,
      first_seen_run TEXT NOT NULL, sequence INTEGER NOT NULL REFERENCES entry (sequence), UNIQUE (drill, location, taken_at)
    ) STRICT;
    CREATE INDEX recovery_point_time ON recovery_point_seen (drill, taken_at);
    CREATE INDEX recovery_point_sequence ON recovery_point_seen (sequence);
    CREATE TABLE recovery_point_digest (
      sequence INTEGER PRIMARY KEY REFERENCES entry (sequence), points INTEGER NOT NULL, digest BLOB NOT NULL
    ) STRICT;
    """

  private static let liveTables = """
    CREATE TABLE live_run (
      run TEXT PRIMARY KEY, drill TEXT NOT NULL, triggered_by TEXT NOT NULL, due INTEGER, host TEXT NOT NULL,
      boot_id TEXT NOT NULL, pid INTEGER NOT NULL, epoch INTEGER NOT NULL, claimed_at INTEGER NOT NULL, lock TEXT NOT NULL,
      core BLOB, core_digest BLOB
    ) STRICT;
    CREATE INDEX live_run_drill ON live_run (drill);
    CREATE TABLE scratch_resource (
      run TEXT NOT NULL, drill TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL,
      owner_epoch INTEGER NOT NULL, kept_until INTEGER, UNIQUE (run, kind, name)
    ) STRICT;
    CREATE TABLE process (
      run TEXT NOT NULL, boot_id TEXT NOT NULL, pid INTEGER NOT NULL, start_time INTEGER NOT NULL, pgid INTEGER NOT NULL,
      UNIQUE (run, boot_id, pid, start_time)
    ) STRICT;
    """

  private static let outboxTables = """
    CREATE TABLE owed_notification (
      id TEXT PRIMARY KEY, run TEXT NOT NULL, drill TEXT NOT NULL, event TEXT NOT NULL, route TEXT NOT NULL, payload BLOB NOT NULL,
      digest BLOB NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL, next_attempt INTEGER, created INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX owed_notification_open ON owed_notification (next_attempt) WHERE state <> 'sent';
    CREATE TABLE schedule_decision (
      drill TEXT NOT NULL, due INTEGER NOT NULL, outcome TEXT NOT NULL, run TEXT, decided_at INTEGER NOT NULL, UNIQUE (drill, due)
    ) STRICT;
    """

  // `incident` on a message is for finding those of one incident, and is not under its digest.
  private static let deliveryTables = """
    ALTER TABLE owed_notification ADD COLUMN incident TEXT;
    ALTER TABLE owed_notification ADD COLUMN last_attempt INTEGER;
    ALTER TABLE owed_notification ADD COLUMN last_error TEXT;
    ALTER TABLE owed_notification ADD COLUMN maybe_sent INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE owed_notification ADD COLUMN parked_for TEXT;
    ALTER TABLE owed_notification ADD COLUMN lease TEXT;
    ALTER TABLE owed_notification ADD COLUMN lease_until INTEGER;
    ALTER TABLE owed_notification ADD COLUMN sent_at INTEGER;
    CREATE INDEX owed_notification_order ON owed_notification (drill, route) WHERE state <> 'sent';
    CREATE INDEX owed_notification_incident ON owed_notification (incident) WHERE incident IS NOT NULL;
    CREATE TABLE incident (
      drill TEXT PRIMARY KEY, id TEXT NOT NULL, cause TEXT NOT NULL, since INTEGER NOT NULL, opened INTEGER NOT NULL,
      told INTEGER NOT NULL, anchor TEXT NOT NULL, overdue INTEGER, scheduled INTEGER NOT NULL
    ) STRICT;
    """
}
