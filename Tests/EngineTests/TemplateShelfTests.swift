import DrillModel
import DrillTestSupport
import Foundation
import Glibc
import Testing

@testable import EngineKit

@Suite("Templates of servers in the cache")
struct TemplateShelfTests {
  private let folder = TemporaryFolder()
  private let now = Timestamp(milliseconds: 1_800_000_000_000)
  private var shelf: TemplateShelf { TemplateShelf(directory: folder.path, family: "postgresql-") }

  private func put(_ name: String, age days: Int64) {
    mkdir("\(folder.path)/\(name)", 0o700)
    mkdir("\(folder.path)/\(name)/data", 0o700)
    shelf.mark("\(folder.path)/\(name)", at: now - .seconds(days * 86_400))
  }

  private var names: Set<String> {
    Set(((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).filter { $0 != "templates.lock" })
  }

  @Test("those that were not used for 30 days go, half-made ones too; others and strangers stay")
  func old() {
    for (name, age) in [("postgresql-15.1-3", 31), ("postgresql-15.2-3.ab12", 40), ("postgresql-15.3-3", 29), ("something", 400)] {
      put(name, age: Int64(age))
    }
    shelf.removeUnused(now: now)
    #expect(names == ["postgresql-15.3-3", "something"])
  }

  @Test("nothing goes while anybody uses one")
  func inUse() async throws {
    put("postgresql-15.1-3", age: 31)
    put("postgresql-15.2-3", age: 31)
    let use = try await shelf.use()
    let second = try await shelf.use()
    shelf.removeUnused(now: now)
    #expect(names.count == 2)
    withExtendedLifetime((use, second)) {}
  }

  @Test("using one again keeps it")
  func usedAgain() {
    put("postgresql-15.1-3", age: 31)
    shelf.mark("\(folder.path)/postgresql-15.1-3", at: now)
    shelf.removeUnused(now: now)
    #expect(names == ["postgresql-15.1-3"])
  }

  @Test("a link in place of a template, and a place that is not there, are left alone")
  func hostile() {
    let outside = TemporaryFolder()
    _ = outside.file("kept", "x")
    symlink(outside.path, "\(folder.path)/postgresql-link")
    shelf.removeUnused(now: now + .seconds(86_400 * 3650))
    #expect(TextFile.read("\(outside.path)/kept") == "x" && names == ["postgresql-link"])
    TemplateShelf(directory: "/nonexistent/cache", family: "postgresql-").removeUnused(now: now)
  }
}
