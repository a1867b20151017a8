import DrillConfig
import DrillModel
import DrillTestSupport
import Glibc
import Testing

@testable import Drilling

@Suite("The guard of the scratch directory")
struct ScratchGuardTests {
  private let folder = TemporaryFolder("dmg")

  private func code(_ scratch: String, _ sources: [String]) -> FaultCode? {
    do {
      try ScratchGuard(scratch: "\(folder.path)/\(scratch)").check(against: sources.map { "\(folder.path)/\($0)" })
      return nil
    } catch { return (error as? Fault)?.code }
  }

  @Test("a scratch directory inside the backups is refused, the backups inside it too, and the same directory")
  func nested() {
    for name in ["backups", "backups/deep", "other"] { mkdir("\(folder.path)/\(name)", 0o755) }
    #expect(code("backups/scratch", ["backups"]) == .productionGuard)
    #expect(code("backups", ["backups/deep"]) == .productionGuard)
    #expect(code("backups", ["backups"]) == .productionGuard)
    #expect(code("backups/", ["other/../backups"]) == .productionGuard)
    #expect(code("scratch", ["other", "backups/deep"]) == .productionGuard || code("scratch", ["other", "backups"]) == nil)
  }

  @Test("names that only begin alike are different places")
  func similar() {
    mkdir("\(folder.path)/backup", 0o755)
    #expect(code("backup-scratch", ["backup"]) == nil)
    #expect(code("b", ["backup"]) == nil)
  }

  @Test("symbolic links do not get round it, in either direction")
  func linked() {
    mkdir("\(folder.path)/backups", 0o755)
    symlink("\(folder.path)/backups", "\(folder.path)/alias")
    #expect(code("alias", ["backups"]) == .productionGuard)
    #expect(code("backups/scratch", ["alias"]) == .productionGuard)
    #expect(code("alias/scratch2", ["backups"]) == .productionGuard)
  }

  @Test("the directory is made so that a box's user can pass through it, whatever the umask")
  func made() {
    #expect(code("new/deep/scratch", []) == nil)
    var status = stat()
    #expect(stat("\(folder.path)/new/deep/scratch", &status) == 0)
    #expect(status.st_mode & 0o777 == 0o711)
  }

  @Test("a place that cannot be made is told as such")
  func unmakeable() {
    _ = folder.file("file", "x")
    #expect(code("file/scratch", []) == .scratchUnusable)
  }

  @Test("what the restore needs and what must stay free are both kept, in bytes and as a share")
  func space() throws {
    let place = ScratchGuard(scratch: folder.path)
    try place.checkSpace(needed: 1, keep: .bytes(1))
    try place.checkSpace(needed: 0, keep: .share(0))
    for (needed, keep) in [(Int64(1) << 60, FreeSpace.bytes(0)), (0, .bytes(1 << 60)), (0, .share(1)), (1 << 60, .share(0))] {
      #expect(throws: Fault.self) { try place.checkSpace(needed: needed, keep: keep) }
    }
  }
}
