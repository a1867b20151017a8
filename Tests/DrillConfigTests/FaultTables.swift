import Testing

/// A document and the first thing said about it, without the file's name.
struct FaultCase: Sendable, CustomTestStringConvertible {
  var yaml: String
  var message: String

  init(_ yaml: String, _ message: String) {
    self.yaml = yaml
    self.message = message
  }

  var testDescription: String { message }
}

private func top(_ line: String, _ message: String) -> FaultCase { FaultCase(smallDrill + line + "\n", message) }

private func backup(_ keys: String, _ message: String) -> FaultCase {
  FaultCase("drill: d\nrestore: {engine: files}\nchecks: [engine: full]\nbackup:\n" + keys, message)
}

private func restore(_ keys: String, _ message: String) -> FaultCase {
  FaultCase("drill: d\nbackup: {from: b}\nchecks: [engine: full]\nrestore:\n" + keys, message)
}

private func check(_ text: String, _ message: String) -> FaultCase {
  FaultCase("drill: d\nbackup: {from: b}\nrestore: {engine: postgresql}\nchecks:\n" + text, message)
}

let topFaults: [FaultCase] = [
  top("descripton: x", "6:1: unknown key \"descripton\"; did you mean `description`?"),
  top("description: 12", "6:14: expected text, found \"12\"; YAML takes it for a number: put it in quotes, \"12\""),
  top("description: true", "6:14: expected text, found \"true\"; YAML takes it for a boolean: put it in quotes, \"true\""),
  top("description:", "6:13: expected text, found nothing"),
  top("owner: [a, b]", "6:8: expected text, found a list"),
  top("owner: {a: b}", "6:8: expected text, found a mapping"),
  top("tier: criticl", "6:7: there is no tier \"criticl\"; did you mean critical?"),
  top("tier: gold", "6:7: there is no tier \"gold\"; tiers of the site: critical, standard"),
  top("tier: ' '", "6:7: expected text that is not empty, found \" \""),
  top(
    "objectives: {rpo: soon}", "6:19: expected a duration such as 90s, 5m or 1h30m, found \"soon\""),
  top("objectives: {rpo: 0s}", "6:19: expected a duration such as 90s, 5m or 1h30m, longer than zero, found \"0s\""),
  top("objectives: {rto: 90}", "6:19: expected a duration such as 90s, 5m or 1h30m, found \"90\"; add a unit, as in 90s"),
  top("objectives: {rto: -5m}", "6:19: expected a duration such as 90s, 5m or 1h30m, found \"-5m\""),
  top("objectives: {rot: 5m}", "6:14: unknown key \"rot\"; did you mean `rto`?"),
  top("objectives: 1h", "6:13: expected a mapping, found \"1h\""),
  top("rpo-basis: oldest", "6:12: expected worst, artefact-age, worst-gap or data-age, found \"oldest\""),
  top("rpo-basis: worst-gab", "6:12: expected worst, artefact-age, worst-gap or data-age, found \"worst-gab\"; did you mean worst-gap?"),
  top("rto-until: readdy", "6:12: expected ready or verified, found \"readdy\"; did you mean ready?"),
  top("gap-tolerance: 110%", "6:16: expected a percentage such as 10%, or a number from 0 to 1, found \"110%\""),
  top("gap-tolerance: 1e-1", "6:16: expected a percentage such as 10%, or a number from 0 to 1, found \"1e-1\""),
  top(
    "gap-tolerance: 10%\nobjectives: {gap-tolerance: 0.2}",
    "7:14: objectives.gap-tolerance cannot stand beside gap-tolerance in line 6; keep one of them"),
  top(
    "schedule: {timezone: UTC}",
    "6:11: the key cron is missing: When the drill runs: five fields as in Debian's cron, or @daily, @weekly and the like."),
  top(
    "schedule: {cron: \"0 4 * * SUN\", timezone: Europe/Berln}",
    "6:43: expected a time zone such as Europe/Berlin or UTC, found \"Europe/Berln\"; did you mean Europe/Berlin?"),
  top("schedule: {cron: '@daily', timezone: GMT+0200}", "6:38: expected a time zone such as Europe/Berlin or UTC, found \"GMT+0200\""),
  top("schedule: {cron: '@daily', missed: always}", "6:36: expected run-once or skip, found \"always\""),
  top("schedule: {cron: '@daily', jitter: some}", "6:36: expected a duration such as 90s, 5m or 1h30m, found \"some\""),
  top("schedule: '61 * * * *'", "6:12: this cron expression cannot be used: minute 61 is not between 0 and 59"),
  top("schedule: {cron: 0 25 * * *}", "6:20: this cron expression cannot be used: hour 25 is not between 0 and 23"),
  top(
    "schedule: '0 4 * *'",
    "6:19: this cron expression cannot be used: five fields were expected (minute, hour, day of month, month, day of week), and there are 4"
  ),
  top("schedule: []", "6:11: expected a mapping, found a list"),
  top(
    "failure-instant: 2026-11-01T04:00:00",
    "6:18: expected a time with its offset such as 2026-11-01T04:00:00Z, found \"2026-11-01T04:00:00\"; add Z or an offset such as +01:00"),
  top(
    "failure-instant: 2026-02-30T04:00:00Z",
    "6:18: expected a time with its offset such as 2026-11-01T04:00:00Z, found \"2026-02-30T04:00:00Z\""),
  top("failure-instant: yesterday", "6:18: expected a time with its offset such as 2026-11-01T04:00:00Z, found \"yesterday\""),
  top("clock-skew: 5x", "6:13: expected a duration such as 90s, 5m or 1h30m, found \"5x\""),
  top("scratch: {durability: lax}", "6:23: expected production or relaxed, found \"lax\""),
  top("scratch: {directory: /x}", "6:11: unknown key \"directory\"; known keys: durability"),
  top("limits: {bytes: 5G}", "6:17: expected a size such as 500MB or 5GiB, found \"5G\""),
  top("limits: {entries: 0}", "6:19: expected a whole number of at least 1, found \"0\""),
  top("limits: {ratio: 0o10}", "6:17: expected a whole number of at least 1, found \"0o10\"; write it in decimal digits"),
  top("limits: {ratio: 1e3}", "6:17: expected a whole number of at least 1, found \"1e3\"; write it in decimal digits"),
  top("limits: {ratio: 007}", "6:17: expected a whole number of at least 1, found \"007\"; write it in decimal digits"),
  top("limits: {ratio: '7'}", "6:17: expected a whole number of at least 1, found \"7\"; write it without quotes"),
  top("limits: {ratio: 99999999999999999999}", "6:17: expected a whole number of at least 1, found \"99999999999999999999\""),
  top("deadlines: {selekt: 5m}", "6:13: unknown key \"selekt\"; did you mean `select`?"),
  top("deadlines: {select: 0}", "6:21: expected a duration such as 90s, 5m or 1h30m, longer than zero, found \"0\""),
  top("check-timeout: never", "6:16: expected a duration such as 90s, 5m or 1h30m, found \"never\""),
  top("drill: again", "6:1: the key \"drill\" is given twice, first in line 1"),
  FaultCase(
    "backup: {from: b}\nrestore: {engine: files}\nchecks: [engine: full]\n",
    "1:1: the key drill is missing: The drill's name, unique in the site."),
  FaultCase("drill: d\nchecks: [engine: full]\nrestore: {engine: files}", "1:1: the key backup is missing: where the backups lie"),
  FaultCase("drill: d\nchecks: [engine: full]\nbackup: {from: b}", "1:1: the key restore is missing: the engine that restores them"),
  FaultCase(
    "drill: \"\\t\\u200b\"\n" + smallDrill.split(separator: "\n").dropFirst().joined(separator: "\n"),
    "1:8: expected a name that can be seen, found \"\\u{9}\\u{200b}\""),
  FaultCase(
    "drill: \"a\\0b\"\n" + smallDrill.split(separator: "\n").dropFirst().joined(separator: "\n"), "1:8: text must not hold a NUL character"),
  FaultCase("- drill: d\n", "1:1: expected the keys of a drill, found a list"),
  FaultCase("just text\n", "1:1: expected the keys of a drill, found \"just text\""),
]

let backupFaults: [FaultCase] = [
  backup("  match: x", "5:3: the key from is missing: Where the backups lie: a directory or one file (a path or file://), or a URI."),
  backup("  from: ~/b", "5:9: expected a path, found \"~/b\"; ~ is not expanded: write the whole path, or one relative to this file"),
  backup("  from: ''", "5:9: expected a path, found \"\""),
  backup("  from: 12", "5:9: expected a path, found \"12\"; YAML takes it for a number: put it in quotes, \"12\""),
  backup(
    "  from: file://host/b",
    "5:9: expected a file URI with an absolute path on this machine such as file:///backups, found \"file://host/b\""),
  backup("  from: azure://c/b", "5:9: nothing here reads backups from \"azure://\"; what can be read: a path, file://, s3://"),
  backup("  from: /etc", "5:9: never /etc"),
  backup("  from: 'rds:'", "5:9: nothing stands after rds:; write rds:NAME"),
  backup("  from: RDS:orders", "5:9: nothing here reads backups from \"rds:\"; what can be read: a path, file://, s3://"),
  backup(
    "  from: b\n  region: x",
    "6:3: unknown key \"region\"; known keys: from, match, name-timezone, header-timezone, trust-modified-time, duration, select, window, settle, clock-skew, logs, depth"
  ),
  backup(
    "  from: s3://b/\n  dept: 3",
    "6:3: unknown key \"dept\"; known keys: from, match, name-timezone, header-timezone, trust-modified-time, duration, select, window, settle, clock-skew, logs, region"
  ),
  backup(
    "  from: b\n  logs: {}",
    "6:9: the key from is missing: Where the logs lie: a directory (a path or file://), or a URI, with the keys of that source beside it."),
  backup("  from: b\n  logs: w", "6:9: expected a mapping such as {from: /backups}, found \"w\""),
  backup("  from: b\n  logs: {from: s3://w, depth: 2}", "6:24: unknown key \"depth\"; known keys: from, region"),
  backup("  from: b\n  logs: {from: w, match: x}", "6:19: unknown key \"match\"; known keys: from, depth"),
  backup(
    "  from: b\n  logs: {from: azure://w}", "6:16: nothing here reads backups from \"azure://\"; what can be read: a path, file://, s3://"),
  backup("  from: b\n  depth: deep", "6:10: expected a whole number from 0 to 9, found \"deep\""),
  backup("  from: b\n  mach: x", "6:3: unknown key \"mach\"; did you mean `match`?"),
  backup(
    "  from: b\n  match: x_%d",
    "6:10: The pattern x_%d has fields of a time but not a whole date; Give year and month (and day) with %Y, %m and %d, or write ? or * for digits that do not tell the time"
  ),
  backup("  from: b\n  match: ''", "6:10: expected a name pattern, found \"\""),
  backup("  from: b\n  trust-modified-time: yes", "6:24: expected true or false, found \"yes\"; write true"),
  backup("  from: b\n  trust-modified-time: Off", "6:24: expected true or false, found \"Off\"; write false"),
  backup("  from: b\n  trust-modified-time: 'true'", "6:24: expected true or false without quotes, found \"true\""),
  backup("  from: b\n  select: newest", "6:11: expected latest, found \"newest\""),
  backup("  from: b\n  select: {}", "6:11: one of the keys random-within, oldest-within or at is needed"),
  backup(
    "  from: b\n  select: {at: 2026-11-01T04:00:00Z, random-within: 1d}", "6:38: only one of the keys at and random-within can be given"),
  backup("  from: b\n  select: {random-witin: 1d}", "6:11: one of the keys random-within, oldest-within or at is needed"),
  backup("  from: b\n  window: 0", "6:11: expected a duration such as 90s, 5m or 1h30m, longer than zero, found \"0\""),
  backup("  from: b\n  settle: P1M", "6:11: expected a duration such as 90s, 5m or 1h30m, found \"P1M\""),
  backup("  from: b\n  duration: 1h\nduration: 2h", "7:1: duration cannot stand beside backup.duration in line 6; keep one of them"),
  backup(
    "  from: b\n  select: {at: 2026-11-01T04:00:00Z}\nfailure-instant: 2026-11-01T04:00:00Z",
    "7:1: failure-instant cannot stand beside backup.select.at in line 6; keep one of them"),
  backup("  from: b\n  name-timezone: CEST", "6:18: expected a time zone such as Europe/Berlin or UTC, found \"CEST\""),
]

let restoreFaults: [FaultCase] = [
  FaultCase(
    "drill: d\nrestore: {engine: postgresql}\nchecks: [engine: full]\nbackup:\n  from: b\n  logs: {from: w}",
    "6:3: the engine postgresql has no use for `logs`"),
  restore("  jobs: 2", "5:3: the key engine is missing: one of postgresql or files"),
  restore("  engine: postgres", "5:11: expected postgresql or files, found \"postgres\"; did you mean postgresql?"),
  restore("  engine: files\n  jobs: 2", "6:3: unknown key \"jobs\"; known keys: engine, scratch"),
  restore("  engine: postgresql\n  job: 2", "6:3: unknown key \"job\"; did you mean `jobs`?"),
  restore("  engine: postgresql\n  jobs: 65", "6:9: expected a whole number from 1 to 64, found \"65\""),
  restore("  engine: postgresql\n  jobs: 13", "5:3: 13 jobs bring no luck; Take 12"),
  restore(
    "  engine: postgresql\n  password: hunter2",
    "6:13: expected a reference to a secret, {env: NAME}, {file: PATH} or {command: [PROGRAM, …]}; the secret itself must not stand in the file"
  ),
  restore(
    "  engine: postgresql\n  password: {env: hunter2!}",
    "6:19: expected the name of an environment variable (letters, digits and _); the secret itself must not stand in the file"),
  restore("  engine: postgresql\n  password: {vault: hunter2}", "6:14: expected env, file or command as the way to a secret"),
  restore("  engine: postgresql\n  password: {command: cat}", "6:23: expected a list of at least 1, found \"cat\""),
  restore("  engine: postgresql\n  scratch: {durability: none}", "6:25: expected production or relaxed, found \"none\""),
  restore(
    "  engine: files\n  scratch: {durability: relaxed}\nscratch: {durability: relaxed}",
    "7:11: scratch.durability cannot stand beside restore.scratch.durability in line 6; keep one of them"),
]

let checkFaults: [FaultCase] = [
  check("  rows: {}", "5:3: expected a list of checks, found a mapping"),
  check("  - engine", "5:5: expected a check such as {rows: {table: orders, min: 1}}, found \"engine\"; write engine: {}"),
  check("  - name: x", "5:5: the check names no kind; kinds: rows, query, freshness, engine, command"),
  check("  - row: {table: x}", "5:5: unknown key \"row\"; did you mean `rows`?"),
  check("  - rows: {table: x}\n    engine: full", "6:5: a check has one kind, and this one names rows and engine"),
  check("  - rows: {min: 1}", "5:11: the key table is missing: The table."),
  check("  - rows: {table: x, min: -1}", "5:27: expected a whole number of at least 0, found \"-1\""),
  check("  - rows: {table: x, min: 9, max: 3}", "5:27: min is above max"),
  check("  - rows: {table: x}\n    severity: error", "6:15: expected fail or warn, found \"error\""),
  check("  - rows: {table: x}\n    timeout: 0s", "6:14: expected a duration such as 90s, 5m or 1h30m, longer than zero, found \"0s\""),
  check(
    "  - rows: {table: x}\n    ignore: {reason: known}",
    "6:13: the key until is missing: The last day, or the time, until which it is left out."),
  check("  - rows: {table: x}\n    ignore: {until: 2026-12-31}", "6:13: the key reason is missing: Why the check is left out."),
  check(
    "  - rows: {table: x}\n    ignore: {reason: r, until: soon}",
    "6:32: expected a date such as 2026-12-31, or a time with its offset, found \"soon\""),
  check(
    "  - rows: {table: x}\n    name: a\n  - rows: {table: y}\n    name: a", "8:11: the check name \"a\" is given twice, first in line 6"),
  check("  - query: {sql: select 1}", "5:12: one of the keys equals or min is needed"),
  check("  - query: {sql: select 1, equals: 1, min: 1}", "5:39: only one of the keys equals and min can be given"),
  check(
    "  - query: {sql: 1, equals: 1}",
    "5:18: expected text that is not empty, found \"1\"; YAML takes it for a number: put it in quotes, \"1\""),
  check("  - engine: deep", "5:13: expected quick or full, found \"deep\""),
  check("  - command: []", "5:14: expected a list of at least 1, found a list"),
  FaultCase(
    "drill: d\nbackup: {from: b}\nrestore: {engine: files}\nchecks:\n  - query: {sql: select 1, equals: 1}",
    "5:5: the check query needs SQL queries, which the engine files does not provide"),
]

let siteFaults: [FaultCase] = [
  FaultCase("ledgr: x", "1:1: unknown key \"ledgr\"; did you mean `ledger`?"),
  FaultCase(
    "ledger: postgresql://u:p@h/d",
    "1:9: a ledger on a PostgreSQL server is planned, and not there yet; name an SQLite file such as state/drillmark.sqlite"),
  FaultCase("ledger: mysql://h/d", "1:9: a ledger is a file, not a mysql:// URI; name an SQLite file such as state/drillmark.sqlite"),
  FaultCase("reports: ~/r", "1:10: expected a path, found \"~/r\"; ~ is not expanded: write the whole path, or one relative to this file"),
  FaultCase("scratch: {keep-free: 100%}", "1:22: expected a percentage below 100%, or a size such as 5GiB, found \"100%\""),
  FaultCase("scratch: {keep-free: lots}", "1:22: expected a percentage below 100%, or a size such as 5GiB, found \"lots\""),
  FaultCase("parallel: 0", "1:11: expected a whole number from 1 to 256, found \"0\""),
  FaultCase("parallel: 1.5", "1:11: expected a whole number from 1 to 256, found \"1.5\"; write it in decimal digits"),
  FaultCase("aws: {regoin: x}", "1:7: unknown key \"regoin\"; did you mean `region`?"),
  FaultCase(
    "aws: {endpoint: 'localhost:4566'}", "1:17: expected a URL such as https://sns.eu-west-1.amazonaws.com, found \"localhost:4566\""),
  FaultCase("tiers: {critical: {rpo: fast}}", "1:25: expected a duration such as 90s, 5m or 1h30m, found \"fast\""),
  FaultCase("tiers: [critical]", "1:8: expected a mapping, found a list"),
  FaultCase("notify: {sns: {}}", "1:9: expected a list, found a mapping"),
  FaultCase("notify: [slack: {url: x}]", "1:10: there is no channel \"slack\"; channels: sns, mail, webhook, cloudwatch"),
  FaultCase(
    "notify: [sns: {topic: dr}]", "1:23: expected the ARN of a topic such as arn:aws:sns:eu-west-1:123456789012:dr-drills, found \"dr\""),
  FaultCase(
    "notify: [sns: {topic: 'arn:aws:sns:eu-west-1:123456789012:dr drills'}]",
    "1:23: expected the ARN of a topic such as arn:aws:sns:eu-west-1:123456789012:dr-drills, found \"arn:aws:sns:eu-west-1:123456789012:dr drills\""
  ),
  FaultCase(
    "notify: [sns: {topic: 'arn:aws:sns:eu-west-1:123456789012:.fifo'}]",
    "1:23: expected the ARN of a topic such as arn:aws:sns:eu-west-1:123456789012:dr-drills, found \"arn:aws:sns:eu-west-1:123456789012:.fifo\""
  ),
  FaultCase("notify: [sns: {}]", "1:15: the key topic is missing: The topic's ARN."),
  FaultCase("protect: [h]", "1:10: expected a mapping, found a list"),
  FaultCase("protect: {systems: [x]}", "1:21: expected a whole number of at least 1, found \"x\""),
  FaultCase("protect: {hosts: h}", "1:18: expected a list, found \"h\""),
]

let syntaxFaults: [FaultCase] = [
  FaultCase("a: &x 1\n", "1:4: anchors (&name) are not accepted; write the value out where it is needed"),
  FaultCase("a: *x\n", "1:4: aliases (*name) are not accepted; write the value out"),
  FaultCase("<<: {a: 1}\n", "1:1: merge keys (<<) are not accepted; write the keys out"),
  FaultCase("a: !!int 1\n", "1:4: tags (!name) are not accepted; put text in quotes instead"),
  FaultCase("a: 1\na: 2\n", "2:1: the key \"a\" is given twice, first in line 1"),
  FaultCase("a: 1\n---\nb: 2\n", "2:1: a second document begins here; write one document a file"),
  FaultCase("a:\n\tb: 1\n", "2:1: a tab cannot stand here: indent with spaces"),
  FaultCase("a: [1, 2\n", "2:1: this is not valid YAML: did not find expected ',' or ']'"),
  FaultCase("a: 'x\n", "2:1: this is not valid YAML: found unexpected end of stream"),
  FaultCase("? [a, b]\n: 1\n", "1:3: a key must be a word"),
  FaultCase("a: 1\nb: x\u{1}y\n", "2:5: this is not valid YAML: control characters are not allowed"),
  FaultCase("a: 1\nb: x\0y\n", "2:5: a NUL byte: this is not a text file"),
]
