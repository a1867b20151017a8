import Digesting
import DrillModel
import EngineKit

/// Asks a restored etcd about its keys.
struct EtcdProbe: KeyProbe {
  let server: EtcdServer

  func count(_ keys: KeySelection, timeout: Duration) async throws -> Int64 {
    guard keys.needs == .keys else { throw ProbeError.invalid("etcd's keys have a prefix, and neither type, pattern nor database") }
    let prefix = keys.prefix ?? []
    return try await ask(timeout) { client in
      // A key of nothing is none; the smallest is one zero byte.
      try client.range(prefix.isEmpty ? [0] : prefix, end: EtcdClient.end(of: prefix), countOnly: true).count
    }
  }

  func digests(ofValues keys: [[UInt8]], database: Int?, timeout: Duration) async throws -> [[UInt8]?] {
    guard database == nil else { throw ProbeError.invalid("etcd has one database") }
    return try await ask(timeout) { client in
      try keys.map { key in
        if key.isEmpty { return nil }
        return try client.range(key).pairs.first.map { SHA256.digest(of: $0.value) }
      }
    }
  }

  func walk(_ keys: KeySelection, timeout: Duration, _ receive: @escaping @Sendable ([KeyDigest]) throws -> Void) async throws {
    guard keys.needs == .keys else { throw ProbeError.invalid("etcd's keys have a prefix, and neither type, pattern nor database") }
    let prefix = keys.prefix ?? []
    try await ask(timeout) { client in
      var (from, revision) = (prefix.isEmpty ? [0] : prefix, Int64(0))
      while true {
        let range = try client.range(from, end: EtcdClient.end(of: prefix), limit: EtcdProbe.step, revision: revision)
        try receive(range.pairs.map { KeyDigest(key: $0.key, digest: SHA256.digest(of: $0.value)) })
        guard range.hasMore, let last = range.pairs.last else { return }
        // All of one moment, whatever is written meanwhile.
        revision = range.revision
        from = last.key + [0]
      }
    }
  }

  /// Pairs of a step; a value may have megabytes.
  private static let step: Int64 = 200

  func revision(timeout: Duration) async throws -> Int64 {
    try await ask(timeout) { client in try client.revision() }
  }

  func ask<T: Sendable>(_ timeout: Duration, _ body: @escaping @Sendable (EtcdClient) throws -> T) async throws -> T {
    do { return try await server.ask(within: timeout, body) } catch let failure as RPCChannel.Failure {
      if Task.isCancelled { throw ProbeError.unavailable("the check was stopped") }
      if case .late = failure { throw ProbeError.timeout(timeout) }
      let words = server.exit == nil ? "" : "; the server ended: \(server.lastWords)"
      throw ProbeError.unavailable("the restored etcd gave no answer: \(failure.text)\(words)")
    } catch let fault as Fault {
      throw ProbeError.unavailable(fault.message)
    }
  }
}
