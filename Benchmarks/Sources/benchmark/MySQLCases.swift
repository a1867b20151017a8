extension CaseGroup {
  static let mysql = CaseGroup(names: ["mysql", "mydumper"]) { workshop, options in
    try Programs.require("mariadb-dump", "mydumper", "myloader", "gzip")
    let machine = try MariaDBMachine("mysql", workshop)
    let rows = options.scaled(500_000)
    let (template, data) = ("\(machine.folder)/template", "\(machine.folder)/data")
    let dump = workshop.backup("mysql", suffix: ".sql.gz")
    let directory = workshop.backup("mydumper", suffix: "")
    try workshop.write(MariaDBMachine.contents(rows), to: "bare/item.mysql")
    try workshop.make(
      """
      cd /
      \(machine.initialise(template))
      cp -a --reflink=auto \(template) \(data)
      \(machine.start(data))
      \(machine.client("mariadb")) < \(workshop.root)/bare/item.mysql
      \(machine.client("mariadb-dump")) --single-transaction bench | gzip -1 > \(dump)
      mydumper -S \(machine.socket) -u root -B bench -r 100000 -t 2 -o \(directory) >\(machine.folder)/answer 2>&1
      \(machine.stop(data))
      """)
    /// A server that lives for one restore and a count.
    func throwaway(_ restore: String) -> String {
      """
      cp -a --reflink=auto \(template) \(data)
      \(machine.start(data))
      \(restore)
      \(machine.count(rows))
      \(machine.stop(data))
      """
    }
    let load = "\(machine.client("mariadb")) -e 'create database bench'\ngunzip -c \(dump) | \(machine.client("mariadb")) bench"
    let checks = ["rows: {table: item, equals: \(rows)}"]
    return [
      Case(
        name: "mysql", ours: try workshop.drill("mysql", suffix: ".sql.gz", engine: "engine: mysql\ndatabase: bench", checks: checks),
        theirs: try workshop.script("mysql", throwaway(load)),
        against: "`cp` of a template, `mariadbd`, `gunzip -c \\| mariadb`, count, `rm -rf`"),
      Case(
        name: "mydumper", ours: try workshop.drill("mydumper", engine: "engine: mysql\ndatabase: bench\njobs: 2", checks: checks),
        theirs: try workshop.script(
          "mydumper", throwaway("myloader -S \(machine.socket) -u root -t 2 -d \(directory) >\(machine.folder)/answer 2>&1")),
        against: "the same with `myloader -t 2`"),
    ]
  }

  static let mysqlPhysical = CaseGroup(names: ["mysql-physical"]) { workshop, options in
    try Programs.require("mariadb-backup")
    let machine = try MariaDBMachine("mysql-physical", workshop)
    let rows = options.scaled(1_000_000)
    let (source, data) = ("\(machine.folder)/source", "\(machine.folder)/data")
    let backup = workshop.backup("mysql-physical", suffix: "")
    try workshop.write(MariaDBMachine.contents(rows), to: "bare/item.mysql-physical")
    try workshop.make(
      """
      cd /
      \(machine.initialise(source))
      \(machine.start(source))
      \(machine.client("mariadb")) < \(workshop.root)/bare/item.mysql-physical
      mariadb-backup --no-defaults --backup -S \(machine.socket) -u root --datadir=\(source) --target-dir=\(backup) 2>\(machine.folder)/answer
      \(machine.stop(source))
      """)
    let bare = """
      cp -a --reflink=auto \(backup) \(data)
      mariadb-backup --no-defaults --prepare --use-memory=1G --target-dir=\(data) 2>\(machine.folder)/answer
      chown -R --reference=\(machine.folder) \(data)
      \(machine.start(data))
      \(machine.count(rows))
      \(machine.stop(data))
      """
    return [
      Case(
        name: "mysql-physical",
        ours: try workshop.drill(
          "mysql-physical", engine: "engine: mysql-physical\ndatabase: bench", checks: ["rows: {table: item, equals: \(rows)}"]),
        theirs: try workshop.script("mysql-physical", bare),
        against: "`cp -a`, `mariadb-backup --prepare --use-memory=1G`, `mariadbd` on the same files, count, `rm -rf`")
    ]
  }
}
