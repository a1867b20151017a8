package import DrillModel

extension Compression {
  /// The compression of a stream that begins with `head`; nil when it is none that we take off.
  ///
  /// Magic numbers: RFC 1952 (gzip), RFC 8878 (zstd and its skippable frames), the .xz file format 1.1.0, bzip2's and lz4's
  /// format descriptions. bzip2's is checked with the block's number too, since text may begin with `BZh`.
  package static func recognised(in head: [UInt8]) -> Compression? {
    if head.starts(with: [0x1F, 0x8B]) { return .gzip }
    if head.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) { return .zstd }
    if head.starts(with: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]) { return .xz }
    if head.starts(with: [0x04, 0x22, 0x4D, 0x18]) || head.starts(with: [0x02, 0x21, 0x4C, 0x18]) { return .lz4 }
    if head.starts(with: Array("BZh".utf8)), head.count > 3, (0x31...0x39).contains(head[3]) {
      let block = Array(head.dropFirst(4).prefix(6))
      if [0x31, 0x41, 0x59, 0x26, 0x53, 0x59].starts(with: block) || [0x17, 0x72, 0x45, 0x38, 0x50, 0x90].starts(with: block) {
        return .bzip2
      }
    }
    return afterSkippableFrame(head)
  }

  /// zstd and lz4 share their skippable frames; what follows tells which it is.
  private static func afterSkippableFrame(_ head: [UInt8]) -> Compression? {
    guard head.count >= 8, head[0] & 0xF0 == 0x50, head[1...3].elementsEqual([0x2A, 0x4D, 0x18]) else { return nil }
    let length = (4...7).reduce(0) { $0 | Int(head[$1]) << (8 * ($1 - 4)) }
    let next = Array(head.dropFirst(8 + length))
    return next.isEmpty ? .zstd : recognised(in: next) == .lz4 ? .lz4 : .zstd
  }

  /// The tool that takes it off, from standard input to standard output.
  var tool: String { rawValue }

  var arguments: [String] {
    switch self {
    case .gzip, .bzip2, .lz4: ["-dc"]
    // The largest window that the format's tools write; the default refuses anything made with --long=28 or more.
    case .zstd: ["-dc", "--memory=2048MB"]
    case .xz: ["-dc", "--threads=1", "--memlimit-decompress=1GiB"]
    }
  }

  /// The Debian package of the tool.
  var debianPackage: String {
    switch self {
    case .xz: "xz-utils"
    case .gzip, .zstd, .bzip2, .lz4: rawValue
    }
  }

  /// Address space for the tool, in bytes.
  var memory: Int {
    switch self {
    case .gzip, .bzip2, .lz4: 256 << 20
    case .xz: 1280 << 20
    case .zstd: 3 << 30
    }
  }

  /// Processes and threads that the tool needs beyond none.
  var processes: Int { self == .zstd ? 16 : 0 }
}
