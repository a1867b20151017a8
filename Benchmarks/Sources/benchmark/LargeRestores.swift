import Foundation

/// What a restore of several gigabytes took of memory.
struct MemoryResult {
  let name: String
  let bytes: Int
  var watch: MemoryWatch?
  var seconds = 0.0
  var reason: String?
}

/// Restores of several gigabytes, once each.
struct LargeRestores {
  let workshop: Workshop
  let gigabytes: Int

  private static let block = 64 << 20

  func measure() -> [MemoryResult] {
    [("large plain SQL, .sql.gz", sql), ("large archive, .tar.zst", archive)].map { name, prepare in
      var result = MemoryResult(name: name, bytes: gigabytes << 30)
      do {
        let process = ChildProcess(arguments: try prepare(), output: "\(workshop.root)/large.out")
        var watch = MemoryWatch(executable: workshop.program)
        result.seconds = try process.run { watch.look($0) }.wall
        _ = try DrillRecord.passed(process.answer())
        result.watch = watch
      } catch {
        result.reason = (error as? Unavailable)?.reason ?? "\(error)"
      }
      return result
    }
  }

  private var blocks: Int { (gigabytes << 30) / LargeRestores.block }

  private func sql() throws -> [String] {
    _ = try PostgreSQLMachine()
    try dump(blocks: blocks, to: workshop.backup("large-sql", suffix: ".sql.gz"))
    return try workshop.drill(
      "large-sql", suffix: ".sql.gz", engine: "engine: postgresql", checks: ["rows: {table: filler, min: 1000}"])
  }

  /// A packed dump of one table of 64 MiB a block.
  func dump(blocks: Int, to path: String) throws {
    let block = "\(workshop.root)/block"
    try GeneratedFiles.rows(at: block, bytes: LargeRestores.block)
    try workshop.make(
      """
      { printf -- '--\\n-- PostgreSQL database dump\\n--\\n\\nCREATE TABLE public.filler (id bigint, body text);\\n'
        printf 'COPY public.filler (id, body) FROM stdin;\\n'
        for i in $(seq \(blocks)); do cat \(block); done
        printf '\\\\.\\n\\n--\\n-- PostgreSQL database dump complete\\n--\\n\\n'
      } | gzip -1 > \(path)
      rm \(block)
      """)
  }

  private func archive() throws -> [String] {
    try Programs.require("tar", "zstd")
    let tree = "\(workshop.root)/large-tree"
    try workshop.make("mkdir \(tree)")
    try GeneratedFiles.rows(at: "\(tree)/1", bytes: LargeRestores.block)
    try workshop.make(
      """
      for i in $(seq 2 \(blocks)); do cp \(tree)/1 \(tree)/$i; done
      tar -C \(workshop.root) -cf - large-tree | zstd -q -1 -T0 -o \(workshop.backup("large-tar", suffix: ".tar.zst"))
      rm -rf \(tree)
      """)
    return try workshop.drill("large-tar", suffix: ".tar.zst", engine: "engine: files", checks: ["files: {min: \(blocks)}"])
  }
}
