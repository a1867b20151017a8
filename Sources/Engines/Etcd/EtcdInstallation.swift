import DrillModel
import Foundation
import ToolRunner

/// The programs of etcd on this machine.
struct EtcdInstallation: Sendable, Hashable {
  /// The server, and its version.
  var server: String
  var version: EtcdVersion
  /// What restores a snapshot: `etcdutl`, or an `etcdctl` that still can.
  var restorer: String
  /// What saves one, and what describes it; nil where a program is not there.
  var saver: String?

  /// The gateway for transactions with guards, and the flags that we start it with, are there from this release on.
  static let oldest = EtcdVersion(3, 4)

  /// - Throws: `Fault` with code `tool_missing`, `tool_too_old` or `tool_failed`.
  static func find(_ tools: any ToolRunning) async throws -> EtcdInstallation {
    let server = try tools.locate("etcd", in: places, package: "etcd-server")
    let version = try await version(of: server, ["--version"], tools)
    guard version >= oldest else {
      throw Fault(
        .toolTooOld, "etcd \(version) is too old", advice: "Install etcd \(oldest.releaseText) or newer (apt-get install etcd-server)")
    }
    let client = try? tools.locate("etcdctl", in: places, package: "etcd-client")
    if let utility = try? tools.locate("etcdutl", in: places, package: nil) {
      return EtcdInstallation(server: server, version: version, restorer: utility, saver: client)
    }
    guard let client else {
      throw Fault(
        .toolMissing, "neither etcdutl nor etcdctl is on this machine, which restore snapshots",
        advice: "Install one: apt-get install etcd-client")
    }
    let clientVersion = try await self.version(of: client, ["version"], tools)
    guard clientVersion < EtcdVersion(3, 6) else {
      throw Fault(
        .toolMissing, "etcdctl \(clientVersion) no longer restores snapshots, and etcdutl is not on this machine",
        advice: "Install etcdutl \(version.releaseText) beside it, from the release of etcd")
    }
    return EtcdInstallation(server: server, version: version, restorer: client, saver: client)
  }

  /// Whether `snapshot status` walks the pages and so sees those that nothing leads to.
  var checksPages: Bool { version >= EtcdVersion(3, 6) }

  static let environment = ["LC_ALL": "C", "PATH": "/nonexistent", "ETCDCTL_API": "3", "HOME": "/nonexistent"]

  private static let places = ["/usr/local/bin", "/usr/bin", "/opt/etcd"]

  private static func version(of program: String, _ arguments: [String], _ tools: any ToolRunning) async throws -> EtcdVersion {
    let exit = try await tools.run(ToolCommand(program, arguments, environment: environment), deadline: .seconds(30))
    // etcd Version: 3.4.23, and etcdctl version: 3.4.23
    let line = exit.outputText.split(separator: "\n").first { $0.lowercased().contains("version:") }
    guard exit.isSuccess, let text = line?.split(separator: " ").last, let version = EtcdVersion(String(text)) else {
      throw Fault(.toolFailed, "\(program) does not say its version (\(exit.status))", advice: "Run `\(program) \(arguments[0])` by hand")
    }
    return version
  }
}
