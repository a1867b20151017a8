internal import CSystem
internal import Glibc

/// The layers that this machine and our rights allow a box to have.
package struct Isolation: Sendable, Hashable, CustomStringConvertible {
  /// The kernel's Landlock version; nil when it has none.
  package var landlock: Int?
  /// Whether boxed programs can become a user of their own, for which we must be root.
  package var hasOwnUser: Bool
  /// Whether boxed programs can be given a network that leads nowhere.
  package var hasOwnNetwork: Bool
  /// Whether the host's `/run`, `/tmp` and `/dev/shm`, where the sockets of its services lie, can be covered.
  package var hasOwnMounts: Bool

  package init(landlock: Int?, hasOwnUser: Bool, hasOwnNetwork: Bool, hasOwnMounts: Bool) {
    self.landlock = landlock
    self.hasOwnUser = hasOwnUser
    self.hasOwnNetwork = hasOwnNetwork
    self.hasOwnMounts = hasOwnMounts
  }

  /// What holds here, looked at once.
  package static let current: Isolation = {
    let abi = Int(csystem_landlock_abi())
    let isRoot = geteuid() == 0
    let hasNetwork = isRoot && csystem_can_unshare_network() == 1
    let hasMounts = isRoot && csystem_can_cover_directories() == 1
    return Isolation(landlock: abi > 0 ? abi : nil, hasOwnUser: isRoot, hasOwnNetwork: hasNetwork, hasOwnMounts: hasMounts)
  }()

  /// What to do where root has lost the rights by which it makes users, as in a container.
  package static let neededCapabilities =
    "As root, Drillmark needs the capabilities chown, dac_override, fowner, kill, setgid and setuid; give it these, or run it as an "
    + "ordinary user"

  /// Whether what is left keeps content that executes away from the host: Landlock, or a user, a network and mounts of its own.
  package var isSufficient: Bool { landlock != nil || (hasOwnUser && hasOwnNetwork && hasOwnMounts) }

  /// For the record: `own user, Landlock 7, no network, own /run and /tmp`. Landlock 4 and later keeps TCP away even without a network
  /// of its own.
  package var description: String {
    var layers: [String] = []
    if hasOwnUser { layers.append("own user") }
    if let landlock { layers.append("Landlock \(landlock)") }
    if hasOwnNetwork { layers.append("no network") } else if let landlock, landlock >= 4 { layers.append("no TCP") }
    if hasOwnMounts { layers.append("own /run and /tmp") }
    return layers.isEmpty ? "none" : layers.joined(separator: ", ")
  }
}
