package import DrillModel
internal import Foundation
internal import GRDB
internal import Glibc
internal import Synchronization

/// The one durable memory: sealed records in a hash chain, what live runs have made, and what is owed to people.
///
/// Every call blocks, mostly for milliseconds, at worst for the lock wait: never call it on Swift's cooperative pool. Calls may come
/// from any thread. A step that returned outlives a kill, and but for those that say so a power cut; one that threw left nothing, but for a disk error, after which the next start
/// sees whether it was kept (every step may be repeated).
package final class Ledger: Sendable {
  /// How a ledger is opened.
  package struct Options: Sendable {
    /// How long a step waits for another process's lock.
    package var lockWait: Duration
    /// Called before, inside and after every durable step with its name, so that a test can end the process there.
    package var crashPoint: @Sendable (String) -> Void

    package init(lockWait: Duration = .seconds(10), crashPoint: @escaping @Sendable (String) -> Void = { _ in }) {
      self.lockWait = lockWait
      self.crashPoint = crashPoint
    }
  }

  /// Absolute path of the database.
  package let path: String
  package let isReadOnly: Bool
  let file: LedgerFile
  let clocks: any Clocks
  let options: Options
  private let name: String
  private let connection: Mutex<DatabaseQueue?>

  private init(_ file: LedgerFile, name: String, readOnly: Bool, clocks: any Clocks, options: Options) {
    self.file = file
    self.name = name
    path = file.path
    isReadOnly = readOnly
    self.clocks = clocks
    self.options = options
    connection = Mutex(nil)
  }

  /// Opens the ledger for writing, making it (readable by its owner only, whatever the umask) when nothing is there.
  ///
  /// - Throws: `Fault` with code `ledger_unusable`: a network file system, a newer or foreign or damaged file (which is kept as it
  ///   is), a place that cannot be written, a full disk, or a lock that did not go away.
  package static func open(at path: String, clocks: any Clocks, options: Options = Options()) throws -> Ledger {
    let file = LedgerFile(path)
    try file.makeDirectories()
    try NetworkFileSystem.refuse(file.directory)
    let ledger = Ledger(file, name: file.path, readOnly: false, clocks: clocks, options: options)
    if try !file.exists() { try ledger.create() }
    try file.checkHeader(newest: version)
    guard file.canWriteBeside, access(file.path, W_OK) == 0 else {
      throw Fault.file("cannot write the ledger", access(file.path, W_OK) == 0 ? file.directory : file.path, errno)
    }
    try ledger.checkAtStart()
    try ledger.sweepLocks()
    return ledger
  }

  /// Opens the ledger for looking only; nil when there is none yet.
  ///
  /// Works on a read-only medium when no write-ahead log is left beside the file. Records that were edited do not stop it, because
  /// `audit` must be able to name them.
  /// - Throws: `Fault` with code `ledger_unusable` for a file that cannot be read as a ledger.
  package static func openForReading(at path: String, clocks: any Clocks, options: Options = Options()) throws -> Ledger? {
    let file = LedgerFile(path)
    guard try file.exists() else { return nil }
    try NetworkFileSystem.refuse(file.directory)
    try file.checkHeader(newest: version)
    if !file.canWriteBeside, file.hasLog {
      throw Fault(
        .ledgerUnusable, "the ledger \(file.path) lies in a read-only place beside a write-ahead log, and cannot be read without writing",
        advice: "Copy the ledger and its -wal file to a place that can be written, and read it there")
    }
    let name = file.canWriteBeside ? file.path : file.immutableName
    let ledger = Ledger(file, name: name, readOnly: true, clocks: clocks, options: options)
    try ledger.read { try ledger.checkVersion($0) }
    return ledger
  }

  static func refuse(version: Int32, newest: Int32, path: String) throws {
    guard version > newest else { return }
    throw Fault(
      .ledgerUnusable,
      "the ledger \(path) was written by a newer Drillmark (schema \(version), this one knows \(newest)); it was not touched",
      advice: "Install that version or a later one")
  }
}

// MARK: - Making and checking

extension Ledger {
  // Made under another name and linked into place whole: a file at the ledger's path is never half a ledger, so one that is empty or
  // cut is always damage.
  private func create() throws {
    guard let guardian = try FileLock.acquire(at: "\(file.lockDirectory)/create.lock") else {
      throw Fault(.ledgerUnusable, "another process is making the ledger \(path)", advice: "Try again", isTransient: true)
    }
    defer { guardian.release() }
    guard try !file.exists() else { return }
    let draft = "\(path).creating"
    let forget = { for suffix in ["", "-wal", "-shm", "-journal"] { _ = unlink(draft + suffix) } }
    forget()
    // On a full disk what is left of the attempt would only take space.
    defer { forget() }
    let raw = Glibc.open(draft, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard raw >= 0 else { throw Fault.file("cannot make the ledger", path, errno) }
    _ = fchmod(raw, 0o600)
    _ = close(raw)
    options.crashPoint("before create")
    try reporting {
      let queue = try DatabaseQueue(path: draft, configuration: configuration())
      try Ledger.migrator.migrate(queue)
      // Closing carries the log over too, and keeps silent when it cannot: without its log the file would be half a ledger.
      try queue.writeWithoutTransaction { db in _ = try db.checkpoint(.truncate) }
      try queue.close()
    }
    try LedgerFile(draft).checkHeader(newest: Ledger.version)
    options.crashPoint("inside create")
    guard link(draft, path) == 0 else { throw Fault.file("cannot make the ledger", path, errno) }
    syncDirectory()
    options.crashPoint("after create")
  }

  private func syncDirectory() {
    let raw = Glibc.open(file.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard raw >= 0 else { return }
    _ = fsync(raw)
    _ = close(raw)
  }

  // Structure is read whole only while that is quick; later damage shows where it is met, and in `audit`.
  private func checkAtStart() throws {
    try read { db in
      try checkVersion(db)
      if try Int64.fetchOne(db, sql: "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size") ?? 0 <= 8 << 20 {
        let answer = try String.fetchOne(db, sql: "PRAGMA quick_check(1)") ?? "no answer"
        guard answer == "ok" else { throw Fault.damaged(path, answer.replacing("\n", with: " ")) }
      }
      guard let last = try Entry.last(db), last.hash != last.computedHash else { return }
      throw Fault.damaged(path, "its last record (\(last.sequence)) is not what was sealed")
    }
    guard try !read(Ledger.migrator.hasCompletedMigrations) else { return }
    try reporting { try Ledger.migrator.migrate(queue()) }
  }

  fileprivate func checkVersion(_ db: Database) throws {
    let version = try Int32.fetchOne(db, sql: "PRAGMA user_version") ?? 0
    try Ledger.refuse(version: version, newest: Ledger.version, path: path)
    let superseded = try Ledger.migrator.hasBeenSuperseded(db)
    try Ledger.refuse(version: superseded ? Ledger.version + 1 : 0, newest: Ledger.version, path: path)
  }

  // Locks of runs that were sealed just before a crash; one that is held, or has a row, is left alone.
  private func sweepLocks() throws {
    let live = Set(try read { try String.fetchAll($0, sql: "SELECT run FROM live_run") })
    for name in (try? FileManager.default.contentsOfDirectory(atPath: file.lockDirectory)) ?? [] {
      guard name.hasSuffix(".lock"), let run = RunID(String(name.dropLast(5))), !live.contains(run.text),
        !FileLock.isHeld(at: lockPath(run))
      else { continue }
      try FileLock.acquire(at: lockPath(run))?.remove()
    }
  }

  func lockPath(_ run: RunID) -> String { "\(file.lockDirectory)/\(run.text).lock" }
}

// MARK: - Transactions

extension Ledger {
  /// One durable transaction, begun IMMEDIATE so that reading before writing cannot end in a lock that no wait resolves.
  ///
  /// - Parameter waitsForDisk: False where losing the step's end with the machine's power loses nothing: what it tells of is then gone
  ///   too, or is found again. Steps stay in their order, and the next one that waits takes this one to the disk as well.
  func write<T>(_ step: String, waitsForDisk: Bool = true, _ body: (Database) throws -> T) throws -> T {
    guard !isReadOnly else { throw Fault(.internalError, "the ledger \(path) was opened for reading and cannot \(step)") }
    options.crashPoint("before \(step)")
    let result = try reporting {
      try queue().writeWithoutTransaction { db in
        // In WAL mode NORMAL leaves out the wait for the disk after a commit, and nothing else (sqlite.org/pragma.html).
        try db.execute(sql: "PRAGMA synchronous = \(waitsForDisk ? "FULL" : "NORMAL")")
        var result: T?
        try db.inTransaction(.immediate) {
          result = try body(db)
          options.crashPoint("inside \(step)")
          return .commit
        }
        return result
      }
    }
    options.crashPoint("after \(step)")
    guard let result else { throw Fault(.internalError, "the ledger \(path) lost the result of \(step)") }
    return result
  }

  /// One consistent look.
  func read<T>(_ body: (Database) throws -> T) throws -> T { try reporting { try queue().read(body) } }

  private func queue() throws -> DatabaseQueue {
    try connection.withLock { current in
      if let current { return current }
      let made = try DatabaseQueue(path: name, configuration: configuration())
      current = made
      return made
    }
  }

  private func configuration() -> Configuration {
    var configuration = Configuration()
    configuration.label = "ledger"
    configuration.readonly = isReadOnly
    configuration.busyMode = .timeout(TimeInterval(options.lockWait.inMilliseconds) / 1000)
    let writes = !isReadOnly
    configuration.prepareDatabase { db in
      if writes { try db.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL") }
      // No temporary files: a full /tmp must not fail a run.
      try db.execute(sql: "PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY; PRAGMA cell_size_check = ON")
    }
    return configuration
  }

  // After a disk error the connection is dropped: what SQLite still holds in memory may not be what the disk holds.
  private func reporting<T>(_ body: () throws -> T) throws -> T {
    do { return try body() } catch let error as DatabaseError {
      if error.resultCode == .SQLITE_IOERR || error.resultCode == .SQLITE_CORRUPT { connection.withLock { $0 = nil } }
      throw Fault.ledger(error, at: path, waited: options.lockWait)
    } catch let error as RowDecodingError {
      throw Fault.damaged(path, "a row cannot be read (\(error))")
    }
  }
}
