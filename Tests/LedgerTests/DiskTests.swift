import DrillModel
import Foundation
import Glibc
import Ledger
import Testing

/// A small file system of our own; only root may mount one, and not in every container.
private final class SmallDisk {
  let path = NSTemporaryDirectory() + "disk-\(UUID().uuidString)"

  static let isPossible: Bool = (try? SmallDisk()) != nil

  init() throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try SmallDisk.call("/bin/mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", path])
  }

  deinit {
    try? SmallDisk.call("/bin/umount", ["-l", path])
    try? FileManager.default.removeItem(atPath: path)
  }

  func remount(readOnly: Bool) throws { try SmallDisk.call("/bin/mount", ["-o", "remount,\(readOnly ? "ro" : "rw")", path]) }

  /// Takes every byte that is left but for some; gives the file that holds them.
  func fill(leaving kibibytes: Int = 0) throws -> String {
    let filler = "\(path)/filler"
    let raw = open(filler, O_WRONLY | O_CREAT, 0o600)
    guard raw >= 0 else { throw Fault(.noSpace, "cannot make \(filler)") }
    let page = [UInt8](repeating: 1, count: 4096)
    while write(raw, page, page.count) > 0 {}
    _ = ftruncate(raw, max(0, lseek(raw, 0, SEEK_END) - kibibytes * 1024))
    close(raw)
    return filler
  }

  private static func call(_ tool: String, _ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(filePath: tool)
    process.arguments = arguments
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    if process.terminationStatus != 0 { throw Fault(.permissionDenied, "\(tool) ended with \(process.terminationStatus)") }
  }
}

@Suite("Ledgers on troubled disks", .enabled(if: SmallDisk.isPossible, "a file system cannot be mounted here"))
struct DiskTests {
  let fixture = LedgerFixture()

  @Test("a disk that fills refuses the step with its reason, loses nothing, and recovers") func fullDisk() throws {
    let disk = try SmallDisk()
    let ledger = try Ledger.open(at: "\(disk.path)/ledger.sqlite", clocks: fixture.clocks)
    let first = try fixture.seal(in: ledger)
    let claim = try fixture.claim(in: ledger)
    let record = fixture.record(claim)
    let filler = try disk.fill()
    var found: Fault?
    for _ in 0..<200 where found == nil {
      found = fault { try ledger.storeCore(record, for: claim) }
    }
    #expect(found?.code == .ledgerUnusable && found?.isTransient == true, "\(String(describing: found))")
    #expect(fault { _ = try ledger.seal(record, under: claim) } != nil)
    #expect(try ledger.history(limit: 9) == [first])
    try FileManager.default.removeItem(atPath: filler)
    #expect(try ledger.seal(record, under: claim).chain.previous == first.chain.hash)
    #expect(try ledger.audit().outcome == .holds)
  }

  @Test("a disk too small for a ledger leaves none") func tooSmall() throws {
    let disk = try SmallDisk()
    let filler = try disk.fill()
    let path = "\(disk.path)/state/ledger.sqlite"
    #expect(fault { _ = try Ledger.open(at: path, clocks: fixture.clocks) }?.code == .ledgerUnusable)
    #expect(!FileManager.default.fileExists(atPath: path))
    try FileManager.default.removeItem(atPath: filler)
    #expect(try fixture.seal(in: Ledger.open(at: path, clocks: fixture.clocks)).chain.sequence == 1)
  }

  @Test("a disk that fills while the ledger is made leaves a whole ledger or none", arguments: (0...20).map { $0 * 24 })
  func fillsInTheMaking(left: Int) throws {
    let disk = try SmallDisk()
    let path = "\(disk.path)/ledger.sqlite"
    let filler = try disk.fill(leaving: left)
    let found = fault { _ = try Ledger.open(at: path, clocks: fixture.clocks) }
    #expect(found == nil || found?.message.contains("full") == true || found?.message.contains("No space") == true, "\(found!)")
    try FileManager.default.removeItem(atPath: filler)
    #expect(!FileManager.default.fileExists(atPath: "\(path).creating"))
    #expect(try fixture.seal(in: Ledger.open(at: path, clocks: fixture.clocks)).chain.sequence == 1)
  }

  @Test("a read-only medium refuses writing with its reason, and can be read and audited") func readOnly() throws {
    let disk = try SmallDisk()
    let path = "\(disk.path)/ledger.sqlite"
    let sealed = try fixture.seal(in: Ledger.open(at: path, clocks: fixture.clocks))
    try disk.remount(readOnly: true)
    let found = fault { _ = try Ledger.open(at: path, clocks: fixture.clocks) }
    #expect(found?.code == .ledgerUnusable && found?.description.contains("read-only") == true, "\(String(describing: found))")
    let reader = try #require(try Ledger.openForReading(at: path, clocks: fixture.clocks))
    #expect(try reader.latest("orders") == sealed)
    #expect(try reader.audit().outcome == .holds)
    #expect(try Ledger.openForReading(at: "\(disk.path)/none.sqlite", clocks: fixture.clocks) == nil)
  }

  @Test("a read-only medium with a log that was not folded in says so") func readOnlyWithLog() throws {
    let disk = try SmallDisk()
    let path = "\(disk.path)/ledger.sqlite"
    let ledger = try Ledger.open(at: path, clocks: fixture.clocks)
    try fixture.seal(in: ledger)
    let copy = try SmallDisk()
    for suffix in ["", "-wal"] {
      try FileManager.default.copyItem(atPath: path + suffix, toPath: "\(copy.path)/ledger.sqlite\(suffix)")
    }
    try copy.remount(readOnly: true)
    let found = fault { _ = try Ledger.openForReading(at: "\(copy.path)/ledger.sqlite", clocks: fixture.clocks) }
    #expect(found?.message.contains("write-ahead log") == true)
  }
}
