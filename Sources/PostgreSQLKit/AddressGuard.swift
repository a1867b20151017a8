internal import DrillModel
package import EngineKit

/// Keeps a drill away from protected hosts, by every address that their names and the target's lead to.
package struct AddressGuard {
  private let hosts: [String]
  /// What is judged, for messages: `given server`.
  private let what: String
  private let own: Set<String>
  private let resolve: (String) -> Set<String>

  /// - Parameters:
  ///   - what: What is judged, for messages.
  ///   - own: This machine's addresses.
  ///   - resolve: Gives the numeric addresses of a name, none where it cannot; may block.
  package init(
    _ protected: ProtectedSystems, what: String = "given server", own: Set<String> = HostAddresses.own,
    resolve: @escaping (String) -> Set<String> = HostAddresses.of
  ) {
    hosts = protected.hosts
    self.what = what
    self.own = own
    self.resolve = resolve
  }

  /// Judges a target before anything is sent to it.
  ///
  /// - Returns: The addresses that were looked at, to connect to one of them and to no other; none for a socket.
  /// - Throws: `Fault` with code `production_guard`, also where a name cannot be resolved and so nothing can be told.
  package func check(_ target: ConnectionTarget) throws -> [String] {
    let named = target.isSocket ? [] : resolve(target.host)
    let used = target.isSocket ? [] : target.address.map { [$0] } ?? sorted(named)
    let all = named.union(used)
    let isLocal = target.isSocket || all.contains { HostAddresses.isLocal($0, own: own) }
    for host in hosts {
      if plain(host) == plain(target.host) { throw refusal(target, host, "is named there") }
      guard !host.hasPrefix("/") else { continue }
      let protected = try addresses(of: host)
      if let same = protected.intersection(all).sorted().first { throw refusal(target, host, "has the same address \(same)") }
      if isLocal, protected.contains(where: { HostAddresses.isLocal($0, own: own) }) {
        throw refusal(target, host, "is this machine as well")
      }
    }
    return used
  }

  /// Judges the address that the server itself gave, which a proxy before it does not change.
  package func check(serverAddress: String?) throws {
    guard let serverAddress, !hosts.isEmpty else { return }
    for host in hosts where !host.hasPrefix("/") {
      guard try addresses(of: host).contains(serverAddress) else { continue }
      throw Fault(
        .productionGuard, "the \(what) says that its address is \(serverAddress), which is that of the protected host \(host)",
        advice: AddressGuard.advice)
    }
  }

  private static let advice = "Give the drill a server that is not under protect.hosts"

  /// 127.0.0.1 before ::1: most servers listen there.
  private func sorted(_ addresses: Set<String>) -> [String] {
    addresses.sorted { ($0.contains(":") ? 1 : 0, $0) < ($1.contains(":") ? 1 : 0, $1) }
  }

  private func addresses(of host: String) throws -> Set<String> {
    let found = resolve(plain(host))
    guard found.isEmpty else { return found }
    throw Fault(
      .productionGuard, "protect.hosts names \(host), which leads to no address here, so the \(what) cannot be told from it",
      advice: "Correct the name, or write its address", isTransient: true)
  }

  private func plain(_ host: String) -> String {
    let lower = host.lowercased()
    return lower.hasSuffix(".") ? String(lower.dropLast()) : lower
  }

  private func refusal(_ target: ConnectionTarget, _ host: String, _ why: String) -> Fault {
    Fault(.productionGuard, "the \(what) \(target.place) is under protect.hosts: \(host) \(why)", advice: AddressGuard.advice)
  }
}
