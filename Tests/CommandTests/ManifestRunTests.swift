import DrillTestSupport
import Testing

@Suite("Manifests of what drills restore", .enabled(if: SampleBackups.hasSQLite, "\(SampleBackups.sqliteAbsence)"))
struct ManifestRunTests {
  /// The same whenever it is made.
  private static let sample = SampleBackups.schema + "UPDATE orders SET created_at = '2026-01-01 00:00:00';"

  @Test("a manifest of a drill's tables passes with the same content in another order, and fails with one changed row")
  func tables() async throws {
    let site = ScratchSite()
    let checks = "  - digest: {manifest: d.digests}\n"
    site.drill("d", SampleDrill.sqlite(checks: checks))
    site.backup(SampleDrill.name(.seconds(9000)), await SampleBackups.database(Self.sample))
    let written = await site.run("manifest", "--drill", "d", "--output", "\(site.path)/drills/d.digests")
    #expect(written.status == 0, "\(written.said)")
    #expect((await site.run("run", "d")).status == 0)
    site.backup(
      SampleDrill.name(.seconds(8000)),
      await SampleBackups.database(
        Self.sample
          + "CREATE TABLE o AS SELECT * FROM orders; DELETE FROM orders; INSERT INTO orders SELECT * FROM o ORDER BY 1 DESC; DROP TABLE o; VACUUM;"
      ))
    let green = await site.run("run", "d")
    #expect(green.status == 0, "\(green.said)")
    site.backup(
      SampleDrill.name(), await SampleBackups.database(Self.sample + "UPDATE orders SET rowid = 100000 WHERE rowid = 7;"))
    let red = await site.run("run", "d", "--json")
    #expect(red.status == 1 && red.stdout.contains("other contents in as many rows"), "\(red.said)")
    await site.expectClean()
  }

  @Test("a manifest of a drill's keys is the one that `keys` takes", .enabled(if: SampleRedis.isInstalled, "\(SampleRedis.absence)"))
  func keys() async throws {
    let site = ScratchSite()
    site.drill("d", SampleDrill.redis(checks: "  - keys: {prefix: k, manifest: d.keys}\n"))
    site.backup(SampleDrill.name(.seconds(7200), "rdb"), try await SampleRedis.backups().snapshot)
    let before = await site.run("run", "d")
    #expect(before.status == 2, "\(before.said)")
    let written = await site.run("manifest", "--drill", "d", "--prefix", "k", "--output", "\(site.path)/drills/d.keys")
    #expect(written.status == 0, "\(written.said)")
    let green = await site.run("run", "d")
    #expect(green.status == 0, "\(green.said)")
    let wrong = await site.run("manifest", "--prefix", "x", "/tmp")
    #expect(wrong.status == 64)
  }
}
