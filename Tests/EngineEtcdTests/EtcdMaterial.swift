import Digesting
import DrillModel
import DrillTestSupport
import EngineKit
import Foundation

@testable import EngineEtcd

/// One cluster's history with what was saved of it, made once for all tests.
struct EtcdMaterial: Sendable {
  /// All revisions, 2 to 41.
  var history: SampleHistory
  /// Snapshots at revision 11 and at 21, hash included.
  var early: [UInt8]
  var later: [UInt8]

  static let shared = Task { try await make() }

  private static func make() async throws -> EtcdMaterial {
    let scratch = try EngineScratch()
    var history = SampleHistory()
    for number in 1...10 { history.put("/reg/a\(number)", "first \(number)") }
    for number in 1...4 { history.put("/reg/a\(number)", "second \(number)") }
    history.put((1...5).map { ("/reg/txn\($0)", [0, 255, UInt8($0)]) })
    history.delete(["/reg/a9"])
    history.delete(["/reg/txn1", "/reg/txn2"])
    history.put("/reg/a9", "again")
    history.put("/reg/bin", "")
    history.put("/reg/x", "x")
    for number in 1...20 { history.put("/reg/late\(number)", "late \(number)") }
    let server = try await SampleEtcd("\(scratch.path)/sample")
    try await server.apply(history.events(2...11))
    let early = try server.snapshot()
    try await server.apply(history.events(12...21))
    let later = try server.snapshot()
    await server.stop()
    return EtcdMaterial(history: history, early: early, later: later)
  }

  func delta(_ range: ClosedRange<Int64>) -> [UInt8] { SampleStore.delta(history.events(range)) }

  /// A full snapshot at revision 11 and deltas to 41.
  var store: [String: [UInt8]] {
    [
      "v2/Full-00000000-00000011-1795250100": early, "v2/Incr-00000012-00000020-1795250200": delta(12...20),
      "v2/Incr-00000021-00000030-1795250300": delta(21...30), "v2/Incr-00000031-00000041-1795250400": delta(31...41),
    ]
  }

  static let fullName = "v2/Full-00000000-00000011-1795250100"
  static let firstName = "v2/Incr-00000012-00000020-1795250200"
  static let middleName = "v2/Incr-00000021-00000030-1795250300"
  static let lastName = "v2/Incr-00000031-00000041-1795250400"

  /// The snapshot with other bytes in its database, and the hash that fits them.
  static func rehashed(_ snapshot: [UInt8], _ change: (inout [UInt8]) -> Void) -> [UInt8] {
    var database = Array(snapshot.dropLast(32))
    change(&database)
    return database + SHA256.digest(of: database)
  }
}

extension EtcdBench {
  /// Writes files of a store and gives its path.
  func write(_ files: [String: [UInt8]]) throws -> String {
    let root = "\(scratch.path)/store-\(UUID().uuidString)"
    for (name, bytes) in files {
      let url = URL(fileURLWithPath: "\(root)/\(name)")
      try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(bytes).write(to: url)
    }
    return root
  }

  /// The fault that restoring ends with; nil when it ends well.
  func fault(_ files: [String: [UInt8]]) async throws -> Fault? {
    let store = try write(files)
    defer { try? FileManager.default.removeItem(atPath: "\(scratch.path)/run/etcd") }
    do { try await restore(store: store) { _, _ in } } catch let fault as Fault { return fault }
    return nil
  }

  /// The same for one snapshot.
  func fault(snapshot bytes: [UInt8]) async throws -> Fault? {
    let path = try scratch.file("s-\(UUID().uuidString).db", bytes)
    defer { try? FileManager.default.removeItem(atPath: "\(scratch.path)/run/etcd") }
    do { try await restore(path) { _, _ in } } catch let fault as Fault { return fault }
    return nil
  }

  /// Every key with the digest of its value, for comparing whole stores.
  static func digests(_ probes: Probes, _ keys: [String]) async throws -> [[UInt8]?] {
    try await probes.keys?.digests(ofValues: keys.map { Array($0.utf8) }, database: nil, timeout: minute) ?? []
  }
}
