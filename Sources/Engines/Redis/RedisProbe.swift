import EngineKit
import ToolRunner

/// Asks a restored server about its keys.
struct RedisProbe: KeyProbe {
  let server: RedisServer
  private var asker: RedisAsker { RedisAsker(socket: server.socket) }

  init(_ server: RedisServer) { self.server = server }

  func count(_ keys: KeySelection, timeout: Duration) async throws -> Int64 {
    try await ask(timeout) { try KeyWalk($0, keys).count() }
  }

  func digests(ofValues keys: [[UInt8]], database: Int?, timeout: Duration) async throws -> [[UInt8]?] {
    try await ask(timeout) { connection in
      _ = try KeyWalk(connection, KeySelection(database: database))
      return try ValueDigest(connection: connection).digests(keys)
    }
  }

  func lifetimes(_ keys: KeySelection, timeout: Duration) async throws -> KeyLifetimes {
    try await ask(timeout) { try KeyWalk($0, keys).lifetimes() }
  }

  func walk(_ keys: KeySelection, timeout: Duration, _ receive: @escaping @Sendable ([KeyDigest]) throws -> Void) async throws {
    try await ask(timeout) { try RedisProbe.walk($0, keys, receive) }
  }

  /// A key that is gone by the time its value is asked for is left out.
  static func walk(_ connection: RedisConnection, _ keys: KeySelection, _ receive: ([KeyDigest]) throws -> Void) throws {
    var failure: (any Error)?
    do {
      try KeyWalk(connection, keys).each { batch throws(ProbeError) in
        let digests = try ValueDigest(connection: connection).digests(batch)
        let found = zip(batch, digests).compactMap { key, digest in digest.map { KeyDigest(key: key, digest: $0) } }
        do { try receive(found) } catch {
          failure = error
          throw ProbeError.unavailable("the walk was ended")
        }
      }
    } catch { throw failure ?? error }
  }

  /// A server that ended over a question is told as that; when it crashed, the data made it crash.
  func ask<Answer: Sendable>(_ timeout: Duration, _ body: @escaping @Sendable (RedisConnection) throws -> Answer) async throws -> Answer {
    do { return try await asker.ask(timeout: timeout, body) } catch let error as ProbeError {
      guard case .unavailable = error else { throw error }
      for _ in 0..<20 where server.exit == nil { try await Task.sleep(for: .milliseconds(10)) }
      guard let exit = server.exit else { throw error }
      if server.log.isCrashed || exit.status == .signalled(6) || exit.status == .signalled(11) {
        throw ProbeError.damaged("the scratch server crashed while it read the data (\(exit.status))")
      }
      throw ProbeError.unavailable("the scratch server ended (\(exit.status))")
    }
  }
}
