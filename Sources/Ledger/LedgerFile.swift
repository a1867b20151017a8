internal import DrillModel
internal import Glibc

/// The ledger's file before SQLite sees it: where it lies, and whether its header can be one of ours.
struct LedgerFile {
  let path: String

  /// `DRIL` in ASCII, SQLite's application id (header offset 68).
  static let applicationID: Int32 = 0x4452_494C

  var directory: String {
    let parts = path.split(separator: "/", omittingEmptySubsequences: true).dropLast()
    return "/" + parts.joined(separator: "/")
  }

  /// Lock files of runs lie beside the ledger; the name carries the ledger's, so that two ledgers may share a directory.
  var lockDirectory: String { "\(directory)/locks" }

  /// Makes a relative path absolute, so that a later change of directory or a name such as `file:x` means nothing else.
  init(_ given: String) {
    var pieces: [Substring] = []
    let whole = given.hasPrefix("/") ? given : "\(LedgerFile.workingDirectory)/\(given)"
    for piece in whole.split(separator: "/", omittingEmptySubsequences: true) where piece != "." { pieces.append(piece) }
    path = "/" + pieces.joined(separator: "/")
  }

  private static var workingDirectory: String {
    guard let raw = getcwd(nil, 0) else { return "" }
    defer { free(raw) }
    return String(cString: raw)
  }

  /// Whether there is anything at the path.
  ///
  /// - Throws: `Fault` when that cannot be told, or when it is no regular file.
  func exists() throws -> Bool {
    var status = stat()
    guard stat(path, &status) == 0 else {
      if errno == ENOENT || errno == ENOTDIR { return false }
      throw Fault.file("cannot look at the ledger", path, errno)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw Fault(.ledgerUnusable, "the ledger \(path) is not a file", advice: "Give the path of a file (ledger: in drillmark.yaml)")
    }
    return true
  }

  /// Makes the directories that lead to the ledger, open to their owner only. Those that exist are left as they are.
  func makeDirectories() throws {
    var made = ""
    for piece in lockDirectory.split(separator: "/") {
      made += "/\(piece)"
      guard mkdir(made, 0o700) != 0 else {
        _ = chmod(made, 0o700)
        continue
      }
      // EROFS and EACCES come before EEXIST on some systems: what counts is that it is a directory.
      let code = errno
      var status = stat()
      guard stat(made, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
        throw Fault.file("cannot make the ledger's directory", made, code == EEXIST ? ENOTDIR : code)
      }
    }
  }

  /// Reads what SQLite keeps at the file's beginning, without SQLite and without writing.
  ///
  /// Source: "Database File Format", section 1.3 (sqlite.org/fileformat2.html).
  /// - Throws: `Fault` when the file is empty, cut, foreign or made by a newer version.
  func checkHeader(newest: Int32) throws {
    let raw = open(path, O_RDONLY | O_CLOEXEC)
    guard raw >= 0 else { throw Fault.file("cannot read the ledger", path, errno) }
    defer { _ = close(raw) }
    var status = stat()
    guard fstat(raw, &status) == 0 else { throw Fault.file("cannot look at the ledger", path, errno) }
    guard status.st_size > 0 else { throw Fault.damaged(path, "it has no bytes; a ledger is never empty") }
    var header = [UInt8](repeating: 0, count: 100)
    guard pread(raw, &header, 100, 0) == 100 else { throw Fault.damaged(path, "it is cut off within its first 100 bytes") }
    guard header.starts(with: Array("SQLite format 3\0".utf8)) else {
      throw Fault.damaged(path, "it is not a SQLite database, or its beginning was overwritten")
    }
    guard Int32(bitPattern: header.bigEndian(at: 68)) == LedgerFile.applicationID else {
      throw Fault(
        .ledgerUnusable, "\(path) is a database, but not a Drillmark ledger",
        advice: "Give the ledger a path of its own (ledger: in drillmark.yaml)")
    }
    try Ledger.refuse(version: Int32(bitPattern: header.bigEndian(at: 60)), newest: newest, path: path)
    try checkLength(header, bytes: Int64(status.st_size))
  }

  // A checkpoint that was interrupted leaves a short file and a log that completes it, so the length counts only without a log.
  private func checkLength(_ header: [UInt8], bytes: Int64) throws {
    let declared = Int64(header[16]) << 8 | Int64(header[17])
    let page = declared == 1 ? 65_536 : declared
    let pages = Int64(header.bigEndian(at: 28))
    guard !hasLog, bytes < page * pages else { return }
    throw Fault.damaged(path, "it is cut off: \(bytes) bytes are there of \(page * pages)")
  }

  /// Whether a write-ahead log with something in it lies beside the file.
  var hasLog: Bool {
    var status = stat()
    return stat("\(path)-wal", &status) == 0 && status.st_size > 0
  }

  /// Whether files can be made beside the ledger, which SQLite's log needs even for reading.
  var canWriteBeside: Bool { access(directory, W_OK) == 0 }

  /// The file as a name by which SQLite reads it without a log and without locks.
  var immutableName: String {
    var name = "file:"
    for byte in path.utf8 {
      let isPlain = byte == UInt8(ascii: "/") || byte >= 128 || "?#% ".utf8.allSatisfy { $0 != byte }
      name += isPlain ? String(decoding: [byte], as: UTF8.self) : "%" + String(byte, radix: 16)
    }
    return name + "?immutable=1"
  }
}

extension [UInt8] {
  fileprivate func bigEndian(at offset: Int) -> UInt32 { self[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) } }
}
