import DrillModel
import Foundation
import RepositoryKit
import Selecting
import Testing

@Suite("Catalogues of pgBackRest") struct CatalogueTests {
  /// As pgBackRest 2.45 prints it.
  private func info(_ full: String, _ more: String = "") throws -> PgBackRestInfo {
    let text = """
      [{"archive":[{"database":{"id":1,"repo-key":1},"id":"15-1","max":"000000010000000000000006","min":"000000010000000000000001"}],
      "backup":[{"archive":{"start":"000000010000000000000002","stop":"000000010000000000000002"},"backrest":{"format":5,"version":"2.45"},
      "database":{"id":1,"repo-key":1},\(full)"info":{"delta":31053913,"repository":{"delta":3811812,"size":3811812},"size":31053913},
      "label":"20261122-020331F","lsn":{"start":"0/2000028","stop":"0/2000100"},"prior":null,"reference":null,
      "timestamp":{"start":1795313011,"stop":1795313017},"type":"full"}\(more)],"cipher":"none",
      "db":[{"id":1,"repo-key":1,"system-id":7710810653817287853,"version":"15"}],"name":"main",
      "repo":[{"cipher":"none","key":1,"status":{"code":0,"message":"ok"}}],"status":{"code":0,"message":"ok"}}]
      """
    return try JSONDecoder().decode([PgBackRestInfo].self, from: Data(text.utf8))[0]
  }

  private let incremental = """
    ,{"database":{"id":1,"repo-key":1},"error":false,"info":{"delta":1,"repository":{"delta":79151},"size":31053913},
    "label":"20261122-020331F_20261122-020338I","reference":["20261122-020331F"],"timestamp":{"start":1795313018,"stop":1795313020},
    "type":"incr"}
    """

  @Test("a backup is dated by its end, and becomes a point with all that a restore needs") func point() throws {
    let info = try info("\"error\":false,", incremental)
    let artefacts = info.artefacts(stanza: "main")
    #expect(artefacts.map(\.obstacle) == [nil, nil] && artefacts[0].takenAt == Timestamp(seconds: 1_795_313_017))
    let point = try info.point(artefacts[1], stanza: "main", configuration: "/c", repository: 1)
    #expect(point.archive == "15-1" && point.major == 15 && point.references.map(\.bytes) == [3_811_812])
    #expect(try RepositoryPoint(handle: point.handle) == point)
    #expect(point.description == "pgBackRest incr backup of PostgreSQL 15 on top of 1 other")
  }

  @Test("pages with a wrong checksum reject a backup with that reason; a catalogue that does not say is no reason") func pageErrors() throws
  {
    #expect(try info("\"error\":true,").artefacts(stanza: "main")[0].obstacle?.contains("wrong checksum") == true)
    #expect(try info("\"error\":null,").artefacts(stanza: "main")[0].obstacle == nil)
    #expect(try info("").artefacts(stanza: "main")[0].obstacle == nil)
  }

  @Test("what was taken on top of a backup that is gone is rejected") func orphan() throws {
    let orphan = incremental.replacing("[\"20261122-020331F\"]", with: "[\"20261101-000000F\"]")
    let artefacts = try info("\"error\":false,", orphan).artefacts(stanza: "main")
    #expect(artefacts[0].obstacle == nil && artefacts[1].obstacle?.contains("20261101-000000F, which is not") == true)
  }

  @Test("what is no point of a repository is refused as a handle") func handles() {
    for text in ["", "{}", "{\"arn\":\"x\"}", "20261122-020331F"] {
      #expect(throws: Fault.self) { try RepositoryPoint(handle: text) }
    }
  }
}
