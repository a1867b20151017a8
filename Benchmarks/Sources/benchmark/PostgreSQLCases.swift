import Glibc

extension CaseGroup {
  static let postgresql = CaseGroup(names: ["plain", "custom", "s3 load"]) { workshop, options in
    try Programs.require("gzip", "setpriv", "cp", "python3", "aws")
    return try PostgreSQLCases(workshop: workshop, options: options).prepare()
  }
}

/// Dumps of one database, restored by drills and by psql and pg_restore.
private struct PostgreSQLCases {
  let workshop: Workshop
  let machine: PostgreSQLMachine
  let rows: Int
  private let options: Options
  private let template: String
  private let data: String
  private let socket: String

  init(workshop: Workshop, options: Options) throws {
    self.workshop = workshop
    machine = try PostgreSQLMachine()
    rows = options.scaled(1_000_000)
    self.options = options
    template = "\(workshop.root)/bare/postgresql/template"
    data = "\(workshop.root)/bare/postgresql/data"
    socket = "\(workshop.root)/bare/postgresql/socket"
  }

  func prepare() throws -> [Case] {
    // Checksums of pages are what a scratch server has; the default of PostgreSQL 15 is without.
    try machine.initialise(template, options: "--data-checksums", workshop)
    try machine.makeFolder(socket, workshop)
    try dump()
    let checks = ["rows: {table: item, min: \(rows)}"]
    let plain = try workshop.drill("plain", suffix: ".sql.gz", engine: "engine: postgresql", checks: checks)
    let custom = try workshop.drill("custom", suffix: ".dump", engine: "engine: postgresql\njobs: 2\ndatabase: bench", checks: checks)
    let settings = try settingsOfDrill(plain)
    let psql = "gunzip -c \(workshop.backup("plain", suffix: ".sql.gz")) | \(machine.client("psql", socket)) -X -q -f - >\(socket)/answer"
    let restore = "\(machine.client("pg_restore", socket)) -j 2 --no-owner --no-acl \(workshop.backup("custom", suffix: ".dump"))"
    return [
      Case(
        name: "plain", ours: plain, theirs: try workshop.script("plain", throwaway(settings, psql)),
        against: "`cp` of a template, a server with the drill's settings, `gunzip -c \\| psql`, `rm -rf`"),
      Case(
        name: "custom", ours: custom, theirs: try workshop.script("custom", throwaway(settings, restore)),
        against: "`cp` of a template, a server with the drill's settings, `pg_restore -j 2`, `rm -rf`"),
      try load(settings),
    ]
  }

  /// A table without indexes in a bucket, so that nothing is left to do once its last row has come.
  private func load(_ settings: [String]) throws -> Case {
    let key = "load_20260101_000000.sql.gz"
    let object = "\(workshop.root)/bucket/\(key)"
    try workshop.make("mkdir -p \(workshop.root)/bucket")
    try LargeRestores(workshop: workshop, gigabytes: 1).dump(blocks: options.scaled(4), to: object)
    let endpoint = try ObjectServer.start(workshop, object: object, .init(delay: 0.03))
    let ours = try workshop.drill(
      "load", suffix: ".sql.gz", engine: "engine: postgresql", checks: ["rows: {table: filler, min: 1000}"], from: "s3://bucket/",
      more: ["endpoint: \"\(endpoint)\"", "region: us-east-1", "anonymous: true"])
    let psql = "\(ObjectServer.copy(key, endpoint)) | gunzip -c | \(machine.client("psql", socket)) -X -q -f - >\(socket)/answer"
    return Case(
      name: "s3 load", ours: ours, theirs: try workshop.script("s3-load", throwaway(settings, psql, table: "filler")),
      against: "the server of `plain`, `aws s3 cp … - \\| gunzip -c \\| psql`, `rm -rf`")
  }

  /// A server that lives for one restore and a count.
  private func throwaway(_ settings: [String], _ restore: String, table: String = "item") -> String {
    """
    cp -a --reflink=auto \(template) \(data)
    \(machine.start(data, socket: socket, settings: settings))
    \(restore)
    \(machine.client("psql", socket)) -X -A -t -c 'select count(*) from \(table)'
    \(machine.stop(data))
    """
  }

  private func dump() throws {
    let sql = """
      create table customer(id bigint primary key, name text not null, city text);
      create table item(id bigint primary key, customer_id bigint not null, total numeric(12,2) not null, note text, created_at timestamptz not null);
      insert into customer select i, 'customer ' || i, 'city ' || i % 40 from generate_series(1, 1000) i;
      insert into item select i, 1 + i % 1000, (i::bigint * 7919 % 100000) / 100.0, md5(i::text) || md5((i * 7)::text),
        timestamptz '2026-01-01 00:00:00+00' - i * interval '1 second' from generate_series(1, \(rows)) i;
      alter table item add foreign key (customer_id) references customer(id);
      create index on item(customer_id);
      create index on item(created_at);
      """
    try workshop.write(sql, to: "bare/item.sql")
    try workshop.make(
      try workshop.script(
        "dump",
        """
        cp -a --reflink=auto \(template) \(data)
        \(machine.start(data, socket: socket, settings: ["-c", "fsync=off"]))
        \(machine.client("psql", socket)) -X -q -v ON_ERROR_STOP=1 -f \(workshop.root)/bare/item.sql
        \(machine.client("pg_dump", socket)) | gzip -1 > \(workshop.backup("plain", suffix: ".sql.gz"))
        \(machine.client("pg_dump", socket)) -Fc -Z1 -f \(workshop.backup("custom", suffix: ".dump"))
        \(machine.stop(data))
        """
      ).joined(separator: " "))
  }

  /// The settings that a drill's own server was started with, so that the bare one differs in nothing else.
  private func settingsOfDrill(_ drill: [String]) throws -> [String] {
    var seen: [String] = []
    let server = machine.program("postgres")
    let process = ChildProcess(arguments: drill, output: "\(workshop.root)/settings.out")
    _ = try process.run { _ in
      guard seen.isEmpty else { return }
      for pid in ProcessTable.all() where ProcessTable.executable(of: pid) == server {
        let words = ProcessTable.arguments(of: pid)
        if words.count > 3, words[1] == "-D", words[2].hasPrefix(workshop.root) { seen = Array(words.dropFirst(3)) }
      }
    }
    guard !seen.isEmpty else { throw Failure("the settings of the drill's server could not be seen") }
    return seen
  }
}
