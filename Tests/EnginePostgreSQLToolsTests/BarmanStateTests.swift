import DrillModel
import EngineKit
import Foundation
import Glibc
import Selecting
import Testing
import ToolRunner

@testable import RepositoryKit

@Suite("Backups of Barman that are not done") struct BarmanStateTests {
  private static let now = Timestamp(seconds: 1_795_400_000)

  /// A finished backup of five days ago, and one that began `age` ago.
  private func rejection(_ status: String, began age: Duration, isBackingUp: Bool = false, match: String? = nil) throws -> Rejection {
    let listed = """
      [{"backup_id": "\(Self.id(.seconds(5 * 86400)))", "status": "DONE", "end_time_timestamp": "1794968000", "size_bytes": 100},
      {"backup_id": "\(Self.id(age))", "status": "\(status)"}]
      """
    let backups = try JSONDecoder().decode([BarmanCatalogue.Listed].self, from: Data(listed.utf8))
    var rules = SelectionRules()
    rules.match = match
    let survey = try survey(
      BarmanCatalogue.artefacts(backups, server: "srv", isBackingUp: isBackingUp), rules: rules, now: Self.now)
    #expect(survey.candidates.count == 1)
    return try #require(survey.rejected.first)
  }

  private static func id(_ age: Duration) -> String {
    let format = DateFormatter()
    format.locale = Locale(identifier: "en_US_POSIX")
    format.dateFormat = "yyyyMMdd'T'HHmmss"
    return format.string(from: Date(timeIntervalSince1970: Double((now - age).milliseconds) / 1000))
  }

  @Test("one that is being taken says nothing yet, however long it takes", arguments: [nil, "%Y%m%dT%H%M%S"])
  func running(_ match: String?) throws {
    let rejection = try rejection("STARTED", began: .seconds(4 * 86400), isBackingUp: true, match: match)
    #expect(rejection.isSettling && rejection.reason.contains("still being taken"))
  }

  @Test("one of which nothing tells whether it lives has two days; then it was killed") func unknown() throws {
    for status in ["STARTED", "EMPTY", "SYNCING"] {
      #expect(try rejection(status, began: .seconds(28 * 3600)).isSettling)
      let killed = try rejection(status, began: .seconds(50 * 3600))
      #expect(!killed.isSettling && killed.reason.contains("killed"))
    }
  }

  @Test("one that failed is told at once, and one that waits for log once it has settled") func failed() throws {
    #expect(try !rejection("FAILED", began: .seconds(60)).isSettling)
    #expect(try rejection("WAITING_FOR_WALS", began: .seconds(60)).isSettling)
    #expect(try !rejection("WAITING_FOR_WALS", began: .seconds(7200)).isSettling)
  }

  @Test("only the newest of several is the one that is being taken") func several() throws {
    let listed = ["20261101T000000", "20261103T000000"].map { "{\"backup_id\": \"\($0)\", \"status\": \"STARTED\"}" }
    let backups = try JSONDecoder().decode([BarmanCatalogue.Listed].self, from: Data("[\(listed.joined(separator: ","))]".utf8))
    #expect(BarmanCatalogue.artefacts(backups, server: "srv", isBackingUp: true).map(\.isBeingWritten) == [false, true])
  }
}

@Suite("What a listing of a repository leaves") struct CatalogueDirectoryTests {
  @Test(
    "a lock that a process holds is seen without being tried",
    .enabled(if: access("/proc/locks", R_OK) == 0 && access("/dev/shm", W_OK) == 0))
  func locks() throws {
    let path = "/dev/shm/drillmark-lock-\(getpid())"
    let file = Descriptor(owning: open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600))
    defer { unlink(path) }
    #expect(!HeldLocks.hold(path))
    try #require(flock(file.raw, LOCK_EX | LOCK_NB) == 0)
    #expect(HeldLocks.hold(path))
    #expect(!HeldLocks.hold(path, table: "1: FLOCK  ADVISORY  WRITE 1 00:01:2 0 EOF\n"))
    #expect(!HeldLocks.hold("\(path)-other"))
  }

  @Test("a directory that a killed process left is swept, and one in use is not") func swept() async throws {
    var template = Array("/tmp/drillmark-catalogue-XXXXXX".utf8CString)
    let left = try #require(mkdtemp(&template).map { String(cString: $0) })
    mkdir("\(left)/work", 0o700)
    try "x".write(toFile: "\(left)/work/restore.conf", atomically: false, encoding: .utf8)
    let used = try await CatalogueDirectory.with(owner: nil) { path in
      _ = CatalogueDirectory.sweep()
      #expect(access(left, F_OK) != 0 && access(path, W_OK) == 0)
      return path
    }
    #expect(access(used, F_OK) != 0)
  }

  @Test("a link under such a name is left alone, with what it leads to") func links() throws {
    let (target, link) = ("/tmp/drillmark-kept-\(getpid())", "/tmp/drillmark-catalogue-link\(getpid())")
    mkdir(target, 0o700)
    try #require(symlink(target, link) == 0)
    defer {
      unlink(link)
      rmdir(target)
    }
    _ = CatalogueDirectory.sweep()
    #expect(access(target, F_OK) == 0 && access(link, F_OK) == 0)
  }
}
