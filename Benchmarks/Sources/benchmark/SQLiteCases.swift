extension CaseGroup {
  static let sqlite = CaseGroup(names: ["sqlite", "sqlite-gz", "sqlite dump"]) { workshop, options in
    try Programs.require("sqlite3", "gzip", "cp")
    let backup = workshop.backup("sqlite", suffix: ".db")
    let rows = options.scaled(800_000)
    let payload = "printf('%016x%016x', i * 2654435761 % 4294967296, i * 40503 % 65521)"
    try workshop.make(
      """
      sqlite3 \(backup) "pragma synchronous=off;
        create table product(id integer primary key, name text not null, body text not null);
        with recursive n(i) as (select 1 union all select i + 1 from n where i < \(rows))
          insert into product select i, 'product ' || i, \(payload) || \(payload) || \(payload) from n;
        create index product_name on product(name);"
      gzip -1 -c \(backup) > \(workshop.backup("sqlite-gz", suffix: ".db.gz"))
      sqlite3 \(backup) .dump > \(workshop.backup("sqlite-dump", suffix: ".sql"))
      """)
    let checks = ["engine: {level: full}", "rows: {table: product, min: \(rows)}"]
    let file = "\(workshop.root)/bare/restored.db"
    let look = "sqlite3 -readonly \(file) 'pragma integrity_check; pragma foreign_key_check; select count(*) from product'\nrm \(file)"
    func one(_ name: String, _ suffix: String, _ restore: String, _ against: String) throws -> Case {
      let drill = String(name.map { $0 == " " ? "-" : $0 })
      return Case(
        name: name, ours: try workshop.drill(drill, suffix: suffix, engine: "engine: sqlite", checks: checks),
        theirs: try workshop.script(drill, "\(restore)\nsync \(file)\n\(look)"), against: against)
    }
    let dump = workshop.backup("sqlite-dump", suffix: ".sql")
    return [
      try one("sqlite", ".db", "cat \(backup) > \(file)", "copy, `sync`, `PRAGMA integrity_check`"),
      try one(
        "sqlite-gz", ".db.gz", "gunzip -c \(workshop.backup("sqlite-gz", suffix: ".db.gz")) > \(file)",
        "`gunzip -c`, `sync`, `PRAGMA integrity_check`"),
      try one(
        "sqlite dump", ".sql", "sqlite3 \(file) 'pragma synchronous=off' '.read \(dump)'",
        "`sqlite3 .read`, `sync`, `PRAGMA integrity_check`"),
    ]
  }
}
