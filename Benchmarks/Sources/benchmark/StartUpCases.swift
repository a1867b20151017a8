extension CaseGroup {
  static let startUp = CaseGroup(names: ["version"]) { workshop, _ in [try version("version", workshop.program)] }

  static let dynamicStartUp = CaseGroup(names: ["version, dynamic"]) { _, options in
    guard let program = options.dynamic else { throw Unavailable(reason: "--dynamic was not given") }
    return [try version("version, dynamic", program)]
  }

  private static func version(_ name: String, _ program: String) throws -> Case {
    let psql = try PostgreSQLMachine().program("psql")
    return Case(
      name: name, ours: [program, "--version"], theirs: [psql, "--version"], against: "`psql --version`", repeats: 20, proof: .lines(1))
  }

  /// A drill whose restore is next to nothing: what is left is claiming, journalling, sealing and starting up.
  static let ledger = CaseGroup(names: ["ledger"]) { workshop, _ in
    try Programs.require("sqlite3")
    let backup = workshop.backup("ledger", suffix: ".db")
    try workshop.make("sqlite3 \(backup) 'create table t(a); insert into t values (1)'")
    let drill = try workshop.drill("ledger", suffix: ".db", engine: "engine: sqlite", checks: ["rows: {table: t, min: 1}"])
    let book = "\(workshop.root)/bare/book.db"
    try workshop.make("sqlite3 \(book) 'pragma journal_mode=wal; create table entry(id integer primary key, body text)'")
    let transaction = "pragma synchronous=full; begin immediate; insert into entry(body) values (hex(randomblob(1000))); commit;"
    return [
      Case(
        name: "ledger", ours: drill, theirs: ["sqlite3", book, transaction],
        against: "`sqlite3`, one durable transaction of 2 kB for each process", repeats: 10)
    ]
  }
}
