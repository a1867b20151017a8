import DrillModel
import Foundation
import GRDB
import Glibc
import Ledger
import Testing

@Suite("Opening a ledger")
struct OpeningTests {
  let fixture = LedgerFixture()

  private func mode(_ path: String) -> Int { (try? FileManager.default.attributesOfItem(atPath: path))?[.posixPermissions] as? Int ?? -1 }

  /// Folds everything into the one file, as a closed ledger is.
  private func sealAndClose(_ count: Int = 3) throws {
    let ledger = try fixture.open()
    for _ in 0..<count { try fixture.seal(in: ledger) }
    try fixture.tamper("PRAGMA wal_checkpoint(TRUNCATE)")
  }

  private func damage(_ change: (inout Data) -> Void) throws -> Data {
    for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: fixture.path + suffix) }
    var data = try Data(contentsOf: URL(filePath: fixture.path))
    change(&data)
    try data.write(to: URL(filePath: fixture.path))
    return data
  }

  private func expectRefused(_ word: String, _ data: Data) throws {
    let found = try #require(fault { _ = try fixture.open() })
    #expect(found.code == .ledgerUnusable && found.description.contains(word), "\(found)")
    #expect(found.advice != nil)
    #expect(try Data(contentsOf: URL(filePath: fixture.path)) == data)
  }

  @Test("the ledger, its log and its locks are its owner's only, whatever the umask") func permissions() throws {
    let before = umask(0)
    defer { umask(before) }
    let ledger = try fixture.open()
    let claim = try fixture.claim(in: ledger)
    for suffix in ["", "-wal", "-shm"] { #expect(mode(fixture.path + suffix) == 0o600, "\(suffix)") }
    #expect(mode("\(fixture.directory)/state/locks/\(claim.run).lock") == 0o600)
    #expect(mode("\(fixture.directory)/state") == 0o700)
  }

  @Test("the ledger keeps a write-ahead log") func journal() throws {
    _ = try fixture.open()
    #expect(try fixture.value("PRAGMA journal_mode") == "wal")
  }

  @Test("opening again finds what was sealed") func again() throws {
    try sealAndClose()
    #expect(try fixture.open().history(limit: 9).count == 3)
  }

  @Test("reading a ledger that is not there gives none, and makes none") func none() throws {
    #expect(try Ledger.openForReading(at: fixture.path, clocks: fixture.clocks) == nil)
    #expect(!FileManager.default.fileExists(atPath: fixture.directory))
  }

  @Test("a file without bytes is refused and kept") func zeroBytes() throws {
    try sealAndClose()
    try expectRefused("no bytes", damage { $0 = Data() })
  }

  @Test("a cut file is refused and kept", arguments: [50, 4096, 20_000]) func truncated(_ length: Int) throws {
    try sealAndClose()
    try expectRefused("cut off", damage { $0 = $0.prefix(length) })
  }

  @Test("a file that is something else is refused and kept") func foreign() throws {
    try sealAndClose()
    try expectRefused("not a SQLite database", damage { $0.replaceSubrange(0..<16, with: Data("PGDMP and more..".utf8)) })
  }

  @Test("another program's database is refused and kept") func otherDatabase() throws {
    try FileManager.default.createDirectory(atPath: "\(fixture.directory)/state", withIntermediateDirectories: true)
    try DatabaseQueue(path: fixture.path).write { try $0.execute(sql: "CREATE TABLE t (x)") }
    try expectRefused("not a Drillmark ledger", damage { _ in })
  }

  @Test("flipped bits in the structure are refused and kept") func flipped() throws {
    try sealAndClose()
    // The header of the second page: a table's or an index's root.
    try expectRefused("damaged", damage { data in for offset in 4096..<4104 { data[offset] ^= 0xFF } })
  }

  @Test("flipped bits in the last record are refused for writing, and can be audited") func flippedBody() throws {
    try sealAndClose()
    try fixture.tamper("UPDATE entry SET body = CAST(replace(CAST(body AS TEXT), 'passed', 'passee') AS BLOB) WHERE sequence = 3")
    try fixture.tamper("PRAGMA wal_checkpoint(TRUNCATE)")
    try expectRefused("last record", damage { _ in })
    #expect(try fixture.audit().first?.sequence == 3)
  }

  @Test(
    "a newer schema is refused and not touched", arguments: ["PRAGMA user_version = 99", "INSERT INTO grdb_migrations VALUES ('9 later')"])
  func newer(_ change: String) throws {
    try sealAndClose()
    try fixture.tamper("\(change)")
    try fixture.tamper("PRAGMA wal_checkpoint(TRUNCATE)")
    try expectRefused("newer Drillmark", damage { _ in })
  }

  @Test("a directory in the ledger's place is refused") func directory() throws {
    try FileManager.default.createDirectory(atPath: fixture.path, withIntermediateDirectories: true)
    #expect(fault { _ = try fixture.open() }?.code == .ledgerUnusable)
  }

  @Test("a place that cannot be made is refused, with its name") func unmakeable() throws {
    let found = fault { _ = try Ledger.open(at: "/proc/none/ledger.sqlite", clocks: fixture.clocks) }
    #expect(found?.code == .ledgerUnusable && found?.message.contains("/proc/none") == true)
  }

  @Test("a name that SQLite would take for a URI is a plain file") func uriName() throws {
    let path = "\(fixture.directory)/file:x?mode=memory#1%41.sqlite"
    _ = try fixture.seal(in: Ledger.open(at: path, clocks: fixture.clocks))
    #expect(FileManager.default.fileExists(atPath: path))
    #expect(try Ledger.openForReading(at: path, clocks: fixture.clocks)?.history(limit: 9).count == 1)
  }

  @Test("network file systems are told by their type", arguments: ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "fuse.s3fs", "ceph"])
  func network(_ type: String) {
    #expect(NetworkFileSystem.isNetwork(type: type))
    let table = "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext4 /dev/root rw\n40 35 0:52 / /srv rw shared:9 - \(type) host:/x rw\n"
    #expect(NetworkFileSystem.type(device: "0:52", in: table) == type)
  }

  @Test("local file systems are not refused", arguments: ["ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "fuseblk", "virtiofs"])
  func local(_ type: String) { #expect(!NetworkFileSystem.isNetwork(type: type)) }

  @Test("a lock that stays is waited for to the bound and then named, and no data is lost") func lockedBeyond() throws {
    let ledger = try fixture.open(Ledger.Options(lockWait: .milliseconds(300)))
    let claim = try fixture.claim(in: ledger)
    let other = try DatabaseQueue(path: fixture.path)
    try other.writeWithoutTransaction { db in
      try db.execute(sql: "BEGIN EXCLUSIVE")
      let found = fault { _ = try ledger.seal(fixture.record(claim), under: claim) }
      #expect(found?.code == .ledgerUnusable && found?.isTransient == true)
      #expect(found?.message.contains("locked by another process for 300 ms") == true)
      try db.execute(sql: "ROLLBACK")
    }
    #expect(try ledger.seal(fixture.record(claim), under: claim).chain.sequence == 1)
  }
}
