extension CaseGroup {
  static let s3 = CaseGroup(names: S3Cases.stores.flatMap { ["s3\($0.name)", "s3\($0.name) rclone"] } + ["s3 restore"]) {
    workshop, options in try S3Cases(workshop: workshop, options: options).prepare()
  }
}

/// One object from a server on loopback, as it is, far away, and limited, against the tools that people use for it.
private struct S3Cases {
  /// A server's name in the tables, and what it makes its askers wait for.
  static let stores: [(name: String, pace: ObjectServer.Pace)] = [
    ("", .init()), (" 30 ms", .init(delay: 0.03)), (" 40 MB/s a connection", .init(delay: 0.03, each: 40_000_000)),
    (" 100 MB/s", .init(delay: 0.03, all: 100_000_000)),
  ]

  let workshop: Workshop
  let options: Options

  func prepare() throws -> [Case] {
    try Programs.require("python3", "aws", "rclone", "openssl", "tar")
    let object = try tar("s3", 512 << 20)
    // A limit makes the slowest tool take 13 s for all of it.
    let less = try tar("s3-less", 128 << 20)
    let near = try ObjectServer.start(workshop, object: "\(workshop.root)/bucket/\(object)", .init())
    var cases = try S3Cases.stores.flatMap { name, pace in
      let one = pace.isLimited ? less : object
      let isNear = pace.delay == 0 && !pace.isLimited
      let endpoint = try isNear ? near : ObjectServer.start(workshop, object: "\(workshop.root)/bucket/\(one)", pace)
      return try reading(name, one, endpoint)
    }
    let bare = "\(workshop.root)/bare/s3"
    cases.append(
      Case(
        name: "s3 restore", ours: [workshop.program, "run", "s3", "--json", "--config", "\(workshop.root)/drillmark.yaml"],
        theirs: try workshop.script(
          "s3-restore",
          "mkdir \(bare)\n\(ObjectServer.copy(object, near)) | tar -C \(bare) -xf -\nsync -f \(bare)\nfind \(bare) | wc -l\nrm -rf \(bare)"),
        against: "`aws s3 cp … - \\| tar xf -`, `sync -f`, `find`, `rm -rf`"))
    return cases
  }

  /// An archive of one file that does not compress; gives its key.
  private func tar(_ name: String, _ bytes: Int) throws -> String {
    let folder = "\(workshop.root)/bucket"
    let key = "\(name)_20260101_000000.tar"
    try workshop.make(
      """
      mkdir -p \(folder)
      head -c \(options.scaled(bytes)) /dev/urandom > \(folder)/data
      tar -C \(folder) -cf \(folder)/\(key) data
      rm \(folder)/data
      """)
    return key
  }

  /// Reading all of it, against both tools.
  private func reading(_ name: String, _ object: String, _ endpoint: String) throws -> [Case] {
    let word = "s3" + String(name.filter { $0.isLetter || $0.isNumber }).lowercased()
    try drill(word, object, endpoint)
    let ours = [workshop.program, "plan", word, "--verify", "--config", "\(workshop.root)/drillmark.yaml"]
    let digest = " | openssl dgst -sha256"
    return [
      Case(
        name: "s3\(name)", ours: ours, theirs: try workshop.script("\(word)-aws", ObjectServer.copy(object, endpoint) + digest),
        against: "`aws s3 cp … - \\| openssl dgst -sha256`", proof: .lines(4)),
      Case(
        name: "s3\(name) rclone", ours: ours, theirs: try workshop.script("\(word)-rclone", ObjectServer.cat(object, endpoint) + digest),
        against: "`rclone cat \\| openssl dgst -sha256`", proof: .lines(4)),
    ]
  }

  private func drill(_ name: String, _ object: String, _ endpoint: String) throws {
    let prefix = object.prefix { $0 != "_" }
    try workshop.write(
      """
      drill: \(name)
      backup: {from: "s3://bucket/", match: "\(prefix)_%Y%m%d_%H%M%S.tar", endpoint: "\(endpoint)", region: us-east-1, anonymous: true}
      restore: {engine: files}
      checks:
        - files: {min: 1}

      """, to: "drills/\(name).yaml")
  }
}
