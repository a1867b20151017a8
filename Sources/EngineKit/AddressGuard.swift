import DrillModel

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

  /// Judges a server before anything is sent to it.
  ///
  /// - Parameters:
  ///   - host: A name, an address, or the directory of a socket.
  ///   - address: The only one that will be connected to; nil for those of the name.
  /// - Returns: The addresses that were looked at, to connect to one of them and to no other; none for a socket.
  /// - Throws: `Fault` with code `production_guard`, also where a protected name cannot be resolved and so nothing can be told.
  package func check(host: String, port: Int, address: String? = nil) throws -> [String] {
    let isSocket = host.hasPrefix("/")
    let named = isSocket ? [] : resolve(host)
    let used = isSocket ? [] : address.map { [$0] } ?? sorted(named)
    let all = named.union(used)
    let isLocal = isSocket || all.contains { HostAddresses.isLocal($0, own: own) }
    for protected in hosts {
      func refusal(_ why: String) -> Fault {
        Fault(
          .productionGuard, "the \(what) \(host):\(port) is under protect.hosts: \(protected) \(why)", advice: AddressGuard.advice)
      }
      if plain(protected) == plain(host) { throw refusal("is named there") }
      guard !protected.hasPrefix("/") else { continue }
      let forbidden = try addresses(of: protected)
      if let same = forbidden.intersection(all).sorted().first { throw refusal("has the same address \(same)") }
      if isLocal, forbidden.contains(where: { HostAddresses.isLocal($0, own: own) }) { throw refusal("is this machine as well") }
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
}
