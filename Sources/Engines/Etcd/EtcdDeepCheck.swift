import DrillModel
import EngineKit
import Foundation
import ToolRunner

/// Asks the server for its revision, alarms and hash; at `full` reads every key and value, and lets the tools judge the whole database.
struct EtcdDeepCheck: DeepProbe {
  let server: EtcdServer
  let installation: EtcdInstallation
  let context: EngineContext
  /// What the server must stand at.
  let revision: Int64
  let leavesOrphans: Bool

  /// Keys asked for at once: few, for each value may have megabytes.
  private static let page: Int64 = 32

  func check(_ level: DeepLevel, timeout: Duration) async throws -> DeepResult {
    let begin = context.clocks.elapsed()
    let (expected, server) = (revision, server)
    var result = try await ask(timeout) { client in try EtcdDeepCheck.look(client, expected) }
    if level == .full {
      let keys = try await ask(timeout) { client in try EtcdDeepCheck.readAll(client, at: expected) }
      result.findings += keys.findings
      result.scope += "; \(keys.scope)"
      let status = try await saveAndDescribe(within: timeout - (context.clocks.elapsed() - begin))
      result.findings += status.findings
      result.scope += status.scope
    }
    if let exit = server.exit { result.findings.append("the server ended during the check (\(exit.status)): \(server.lastWords)") }
    return result
  }

  private static func look(_ client: EtcdClient, _ expected: Int64) throws -> DeepResult {
    var findings: [String] = []
    let found = try client.revision()
    if found != expected { findings.append("the server stands at revision \(found), and was restored to \(expected)") }
    findings += try client.complaints().map { "the server complains: \(InertText.line($0, limit: 200))" }
    let (one, other) = (try client.hash(), try client.hash())
    if one.hash != other.hash { findings.append("two hashes of the same keys differ: \(one.hash) and \(other.hash)") }
    return DeepResult(findings: findings, scope: "revision \(found), hashkv \(one.hash)")
  }

  /// Every key in order at one revision: the numbers that etcd gives for it must agree with each other.
  private static func readAll(_ client: EtcdClient, at revision: Int64) throws -> DeepResult {
    var (findings, key, seen, bytes) = ([String](), [UInt8]([0]), Int64(0), Int64(0))
    let count = try client.range([0], end: [0], revision: revision, countOnly: true).count
    while true {
      let range = try client.range(key, end: [0], limit: page, revision: revision)
      for pair in range.pairs {
        seen += 1
        bytes += Int64(pair.value.count)
        let isSound = pair.version >= 1 && pair.created >= 1 && pair.created <= pair.modified && pair.modified <= revision
        if !isSound, findings.count < 20 { findings.append("a key has impossible numbers: \(name(pair.key))") }
      }
      guard range.hasMore, let last = range.pairs.last else { break }
      key = last.key + [0]
    }
    if seen != count { findings.append("\(seen) keys could be read, and the server counts \(count)") }
    return DeepResult(findings: findings, scope: "\(seen) keys with \(bytes) bytes read")
  }

  /// A snapshot of the restored server, judged by the vendor's tool.
  private func saveAndDescribe(within limit: Duration) async throws -> DeepResult {
    guard let saver = installation.saver else { return DeepResult(findings: [], scope: "; no etcdctl to save a snapshot with") }
    // What we took out of the copy leaves pages that newer tools would call lost.
    if installation.checksPages, leavesOrphans { return DeepResult(findings: [], scope: "; no snapshot status, for leases were taken out") }
    guard limit > .zero else { throw ProbeError.timeout(.zero) }
    let path = "\(server.directory)/deep.db"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let begin = context.clocks.elapsed()
    let saving = try await run(saver, ["--endpoints=\(EtcdServer.clientURL)", "snapshot", "save", path], limit)
    guard saving.isSuccess else {
      return DeepResult(findings: ["a snapshot of the restored server cannot be saved: \(words(saving))"], scope: "")
    }
    let describing = try await run(
      installation.restorer, ["snapshot", "status", path, "-w", "json"], limit - (context.clocks.elapsed() - begin))
    guard describing.isSuccess, let status = Status(describing.output) else {
      return DeepResult(findings: ["snapshot status says: \(words(describing))"], scope: "")
    }
    // A compaction after the last change may have taken that change's record.
    let findings = status.revision > revision ? ["snapshot status sees revision \(status.revision), beyond \(revision)"] : []
    return DeepResult(findings: findings, scope: "; snapshot status: \(status.totalKey) revisions kept, \(status.totalSize) bytes")
  }

  private struct Status: Decodable {
    var revision: Int64
    var totalKey: Int64
    var totalSize: Int64

    init?(_ json: [UInt8]) {
      guard let value = try? JSONDecoder().decode(Status.self, from: Data(json)) else { return nil }
      self = value
    }
  }

  private func run(_ program: String, _ arguments: [String], _ limit: Duration) async throws -> ToolExit {
    guard limit > .zero else { throw ProbeError.timeout(.zero) }
    do {
      let exit = try await context.tools.run(
        ToolCommand(
          program, arguments, environment: EtcdInstallation.environment, directory: server.directory,
          box: EtcdServer.box(for: program, context.user, writing: server.directory)), deadline: limit)
      if exit.status == .timedOut { throw ProbeError.timeout(limit) }
      if exit.status == .cancelled { throw ProbeError.unavailable("the check was stopped") }
      return exit
    } catch let fault as Fault {
      throw ProbeError.unavailable(fault.message)
    }
  }

  private func words(_ exit: ToolExit) -> String {
    InertText.line(exit.errorText.split(separator: "\n").last.map(String.init) ?? "\(exit.status)", limit: 300)
  }

  private static func name(_ key: [UInt8]) -> String { InertText.line(String(decoding: key, as: UTF8.self), limit: 100) }

  private func ask<T: Sendable>(_ timeout: Duration, _ body: @escaping @Sendable (EtcdClient) throws -> T) async throws -> T {
    try await EtcdProbe(server: server).ask(timeout, body)
  }
}
