import Glibc

extension CaseGroup {
  static let files = CaseGroup(names: ["files", "files, synced"]) { workshop, options in
    try Programs.require("tar", "zstd")
    let count = options.scaled(20_000)
    let archive = workshop.backup("files", suffix: ".tar.zst")
    try GeneratedFiles.tree(at: "\(workshop.root)/tree", files: count)
    try workshop.make("tar -C \(workshop.root) -cf - tree | zstd -q -o \(archive); rm -rf \(workshop.root)/tree")
    let drill = try workshop.drill("files", suffix: ".tar.zst", engine: "engine: files", checks: ["files: {min: \(count)}"])
    let place = "\(workshop.root)/bare/tree"
    let unpack = "mkdir \(place)\nzstd -dc \(archive) | tar -xf - -C \(place)\n"
    let look = "find \(place) -type f | wc -l\nrm -rf \(place)"
    return [
      Case(
        name: "files", ours: drill, theirs: try workshop.script("files", unpack + look),
        against: "`zstd -dc \\| tar xf -`, `find`, `rm -rf`"),
      Case(
        name: "files, synced", ours: drill, theirs: try workshop.script("files-synced", "\(unpack)sync -f \(place)\n\(look)"),
        against: "the same with `sync -f` before `find`"),
    ]
  }

  static let manifest = CaseGroup(names: ["manifest small", "manifest large"]) { workshop, options in
    try Programs.require("sha256sum", "openssl", "find", "xargs")
    let (small, large) = ("\(workshop.root)/small", "\(workshop.root)/large")
    try GeneratedFiles.tree(at: small, files: options.scaled(20_000))
    let (files, bytes) = (16, options.scaled(48 << 20))
    try workshop.make("mkdir \(large)")
    try GeneratedFiles.rows(at: "\(large)/0", bytes: bytes)
    try workshop.make("for i in $(seq \(files - 1)); do cp \(large)/0 \(large)/$i; done")
    let processors = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    func one(_ tree: String, _ name: String, lines: Int, each: Int, _ tool: String) throws -> Case {
      let pipeline = "find \(tree) -type f -print0 | xargs -0 -P\(processors) -n\(each) \(tool) > /dev/null"
      return Case(
        name: name, ours: [workshop.program, "manifest", tree],
        theirs: try workshop.script("\(name)-\(tool.prefix(6))".replacing(" ", with: "-"), pipeline),
        against: "`find -print0 \\| xargs -0 -P\(processors) -n\(each) \(tool)`", proof: .lines(lines))
    }
    return [
      try one(small, "manifest small", lines: options.scaled(20_000), each: 64, "sha256sum"),
      try one(small, "manifest small", lines: options.scaled(20_000), each: 64, "openssl dgst -sha256"),
      try one(large, "manifest large", lines: files, each: 1, "sha256sum"),
      try one(large, "manifest large", lines: files, each: 1, "openssl dgst -sha256"),
    ]
  }
}
