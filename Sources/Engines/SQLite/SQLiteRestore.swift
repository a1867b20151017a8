import DrillModel
import EngineKit
import Glibc
import ToolRunner

/// Writes a backup's content into a fresh database file. Belongs to the reader's process.
struct SQLiteRestore {
  static let chunk = 1 << 20

  let path: String
  /// Bytes that the database may have.
  let limit: Int64?
  let isDurable: Bool
  let progress: (_ done: Int64, _ total: Int64?) -> Void

  /// - Returns: Notes for the record.
  /// - Throws: `Fault`.
  func run(_ descriptor: Descriptor) throws -> [String] {
    defer { descriptor.close() }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.chunk, alignment: 4096)
    defer { buffer.deallocate() }
    let count = try fill(buffer, from: descriptor)
    let head = UnsafeRawBufferPointer(rebasing: buffer[..<count])
    switch try SQLiteFormat(head: Array(head.prefix(65_536)), size: count < Self.chunk ? Int64(count) : nil) {
    case .database(let header): return try copy(head, descriptor, buffer, header)
    case .dump: return try load(head, descriptor, buffer)
    }
  }

  // MARK: A database file

  private func copy(
    _ head: UnsafeRawBufferPointer, _ input: Descriptor, _ buffer: UnsafeMutableRawBufferPointer, _ header: SQLiteHeader
  ) throws -> [String] {
    let output = try create()
    var total: Int64 = 0
    var part = head
    while !part.isEmpty {
      try write(part, to: output)
      total += Int64(part.count)
      if let limit, total > limit {
        throw Fault(.unsafeContent, "the backup unpacks to more than the limit of \(limit) bytes")
      }
      progress(total, header.pageCount.map { $0 * header.pageSize })
      part = UnsafeRawBufferPointer(rebasing: buffer[..<(try fill(buffer, from: input))])
    }
    let notes = try judge(header, total)
    try sync(output)
    return notes
  }

  /// Compares the header's page count with what came (sqlite.org/fileformat2.html, section 1.3.8).
  private func judge(_ header: SQLiteHeader, _ total: Int64) throws -> [String] {
    var notes: [String] = []
    if let pages = header.pageCount, total < pages * header.pageSize {
      throw Fault(
        .backupTruncated,
        "the database is cut: its header says \(pages) pages of \(header.pageSize) bytes (\(pages * header.pageSize) bytes), but only \(total) bytes came",
        advice: "Look at the job that copies it, and at the space it writes to")
    }
    if total % header.pageSize != 0 {
      if header.pageCount == nil { throw Fault(.backupTruncated, "the database is cut: \(total) bytes are no whole number of pages") }
      notes.append("\(total % header.pageSize) bytes follow the last whole page")
    } else if let pages = header.pageCount, total > pages * header.pageSize {
      notes.append("the file holds \(total / header.pageSize - pages) pages more than its header counts")
    }
    if header.isWAL {
      notes.append("the database is in WAL mode: changes that lay in its -wal file when it was copied are not part of this backup")
    }
    return notes + emptiness()
  }

  private func emptiness() -> [String] {
    var tables: Int64?
    let connection = try? SQLiteConnection(path: path, mode: .read, guardian: SQLiteGuard(.reading))
    // A schema that cannot be read is the next phase's finding.
    try? connection?.run("SELECT count(*) FROM sqlite_schema WHERE type = 'table'") { row in
      tables = row.integer(0)
      return true
    }
    return tables == 0 ? ["the database is whole and holds no tables"] : []
  }

  /// The header of a restored database.
  static func header(of path: String) throws -> SQLiteHeader {
    let file = try openRegular(path)
    var bytes = [UInt8](repeating: 0, count: SQLiteHeader.length)
    let count = pread(file.raw, &bytes, bytes.count, 0)
    return try SQLiteHeader(Array(bytes.prefix(max(0, count))))
  }

  // MARK: A dump

  private func load(_ head: UnsafeRawBufferPointer, _ input: Descriptor, _ buffer: UnsafeMutableRawBufferPointer) throws -> [String] {
    try create().close()
    var loader: SQLDumpLoader
    do { loader = try SQLDumpLoader(path: path, limit: limit) } catch let error as SQLiteError {
      throw Fault(.scratchUnusable, "a new database cannot be made at \(path): \(error.message)")
    }
    var total: Int64 = 0
    // A byte order mark is no SQL.
    var part = head.starts(with: [0xEF, 0xBB, 0xBF]) ? UnsafeRawBufferPointer(rebasing: head[3...]) : head
    while !part.isEmpty {
      // Small steps keep one pass over the pending text short.
      try loader.load(part)
      total += Int64(part.count)
      progress(total, nil)
      part = UnsafeRawBufferPointer(rebasing: buffer[..<(try fill(buffer, from: input))])
    }
    let tables = try loader.finish()
    let file = Descriptor(owning: open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC))
    try sync(file)
    return tables == 0 ? ["the dump is whole and holds no tables"] : []
  }

  // MARK: Files

  static func openRegular(_ path: String) throws -> Descriptor {
    let raw = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard raw >= 0 else { throw Fault(.backupUnreadable, "cannot open \(path): \(String(cString: strerror(errno)))") }
    let file = Descriptor(owning: raw)
    var status = stat()
    guard fstat(raw, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw Fault(.backupWrongFormat, "\(path) is not a regular file")
    }
    return file
  }

  private func create() throws -> Descriptor {
    let raw = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard raw >= 0 else { throw Fault(.scratchUnusable, "cannot make \(path): \(String(cString: strerror(errno)))") }
    return Descriptor(owning: raw)
  }

  private func fill(_ buffer: UnsafeMutableRawBufferPointer, from input: Descriptor) throws -> Int {
    var count = 0
    while count < buffer.count {
      let step = Glibc.read(input.raw, buffer.baseAddress?.advanced(by: count), buffer.count - count)
      if step == 0 { break }
      if step < 0, errno == EINTR { continue }
      guard step > 0 else {
        throw Fault(.backupUnreadable, "reading the backup failed: \(String(cString: strerror(errno)))", isTransient: true)
      }
      count += step
    }
    return count
  }

  private func write(_ bytes: UnsafeRawBufferPointer, to output: Descriptor) throws {
    var rest = bytes
    while !rest.isEmpty {
      let step = Glibc.write(output.raw, rest.baseAddress, rest.count)
      if step < 0, errno == EINTR { continue }
      guard step > 0 else {
        let isFull = errno == ENOSPC || errno == EDQUOT
        throw Fault(isFull ? .noSpace : .scratchUnusable, "cannot write \(path): \(String(cString: strerror(errno)))")
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[step...])
    }
  }

  private func sync(_ file: Descriptor) throws {
    guard isDurable else { return }
    guard fsync(file.raw) == 0 else {
      throw Fault(.scratchUnusable, "cannot sync \(path): \(String(cString: strerror(errno)))")
    }
  }
}
