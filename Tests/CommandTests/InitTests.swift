import DrillTestSupport
import Foundation
import Glibc
import Testing

@Suite("init", .enabled(if: SampleBackups.hasSQLite, "\(SampleBackups.sqliteAbsence)"))
struct InitTests {
  private func drillmark(_ arguments: [String], in folder: TemporaryFolder) async -> CommandResult {
    await HostCommand.run([ProgramUnderTest.path] + arguments, directory: folder.path)
  }

  /// Restores into the test's own folder instead of the host's usual one.
  private func localScratch(_ folder: TemporaryFolder) {
    let text = TextFile.read("\(folder.path)/drillmark.yaml").replacing("/var/tmp/drillmark", with: "\(folder.path)/scratch")
    _ = folder.file("drillmark.yaml", text.replacing("keep-free: 10%", with: "keep-free: 1MiB"))
  }

  @Test("the starter site validates, its drill passes, and init changes nothing that exists")
  func starter() async {
    let folder = TemporaryFolder("dmi")
    let made = await drillmark(["init", folder.path], in: folder)
    #expect(made.status == 0, "\(made.said)")
    localScratch(folder)
    #expect(await drillmark(["validate"], in: folder).status == 0)
    let run = await drillmark(["run", "example", "--json"], in: folder)
    #expect(run.record["verdict"].text == "passed", "\(run.said)")
    #expect(await drillmark(["status"], in: folder).status == 0)
    let before = TextFile.read("\(folder.path)/drillmark.yaml")
    #expect(await drillmark(["init", folder.path], in: folder).status == 64)
    #expect(TextFile.read("\(folder.path)/drillmark.yaml") == before)
  }

  @Test(
    "a drill proposed for a MariaDB dump with upper-case names and words of SQL asks in the server's own quotes",
    .enabled(if: SampleMySQL.isInstalled, "\(SampleMySQL.absence)"))
  func quotes() async throws {
    let folder = TemporaryFolder("dmi")
    mkdir("\(folder.path)/b", 0o755)
    let dump = """
      -- MariaDB dump 10.19  Distrib 10.11.14-MariaDB, for debian-linux-gnu (x86_64)
      -- Host: localhost    Database: Shop
      CREATE TABLE `Orders` (`Id` int, `Created_At` datetime);
      INSERT INTO `Orders` VALUES (1, utc_timestamp());
      CREATE TABLE `order` (`key` int, `updated_at` datetime);
      INSERT INTO `order` VALUES (1, utc_timestamp());
      CREATE TABLE `odd ``name` (`a b` datetime);
      INSERT INTO `odd ``name` VALUES (utc_timestamp());
      -- Dump completed on 2026-11-21  9:44:05
      """
    let backup = folder.file("b/b_\(BackupStamp.ago(.seconds(60))).sql", Array(dump.utf8))
    let made = await drillmark(["init", folder.path, "--from", backup, "--name", "proposed"], in: folder)
    #expect(made.status == 0, "\(made.said)")
    localScratch(folder)
    let drills = (try? FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/drills")) ?? []
    let proposed = drills.map { TextFile.read("\(folder.path)/drills/\($0)") }.joined()
    #expect(proposed.contains("select max(`Created_At`) from `Orders`"), "\(proposed)")
    #expect(proposed.contains("select max(updated_at) from `order`"), "\(proposed)")
    let run = await drillmark(["run", "proposed", "--json"], in: folder)
    #expect(run.record["verdict"].text == "passed", "\(run.said)")
  }

  /// Proposes a drill for a backup, and runs it.
  private func propose(_ name: String, _ bytes: [UInt8], checks: Int) async throws {
    let folder = TemporaryFolder("dmi")
    mkdir("\(folder.path)/b", 0o755)
    let backup = folder.file("b/\(name)", bytes)
    let made = await drillmark(["init", folder.path, "--from", backup, "--name", "proposed"], in: folder)
    #expect(made.status == 0, "\(made.said)")
    guard made.status == 0 else { return }
    localScratch(folder)
    let valid = await drillmark(["validate"], in: folder)
    #expect(valid.status == 0, "\(valid.said)")
    let run = await drillmark(["run", "proposed", "--json"], in: folder)
    #expect(run.record["verdict"].text == "passed", "\(run.said)")
    #expect(run.record["checks"].items.count >= checks, "\(run.stdout)")
  }

  @Test("--from proposes a drill that passes: a database, a dump, an archive, compressed ones")
  func proposals() async throws {
    let stamp = BackupStamp.ago(.seconds(600))
    try await propose("orders_\(stamp).db", await SampleBackups.database(), checks: 3)
    try await propose("orders_\(stamp).sql.gz", await SampleBackups.gzip(await SampleBackups.dump()), checks: 3)
    try await propose("tree-\(stamp).tar", await SampleBackups.archive(), checks: 1)
    try await propose("what ever % [1] \(stamp).db", await SampleBackups.database(), checks: 3)
  }

  @Test("--from a PostgreSQL dump", .enabled(if: SamplePostgreSQL.binaries != nil, "\(SamplePostgreSQL.absence)"))
  func postgresql() async throws {
    let stamp = BackupStamp.ago(.seconds(600))
    try await propose("shop_\(stamp).dump", try await SamplePostgreSQL.dumps().custom, checks: 3)
    try await propose("shop_\(stamp).sql", try await SamplePostgreSQL.dumps().plain, checks: 3)
  }

  @Test("--from an encrypted file says so, once, and nothing of a recovery point") func encrypted() async {
    let folder = TemporaryFolder("dmi")
    let backup = folder.file("orders.sql.gpg", [0x8C, 0x0D, 0x04, 0x09, 0x03, 0x02] + [UInt8](repeating: 7, count: 400))
    let made = await drillmark(["init", folder.path, "--from", backup], in: folder)
    #expect(made.status != 0 && !made.stderr.contains("RPA"), "\(made.said)")
    let last = made.stderr.split(separator: "\n").last ?? ""
    #expect(last.split(separator: "encrypted").count == 2, "\(made.said)")
  }

  @Test("--from something that is no backup says so, writes no drill, and leaves nothing behind")
  func nonsense() async {
    let folder = TemporaryFolder("dmi")
    let made = await drillmark(["init", folder.path, "--from", folder.file("x.bin", [1, 2, 3, 4])], in: folder)
    #expect(made.status == 1 || made.status == 2, "\(made.said)")
    #expect(made.stderr.contains("x.bin"))
    #expect(access("\(folder.path)/drills", F_OK) != 0)
    #expect(await drillmark(["init", folder.path, "--from", "\(folder.path)/nowhere.db"], in: folder).status != 0)
  }
}
