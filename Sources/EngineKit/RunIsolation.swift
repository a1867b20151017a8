import DrillModel
import ToolRunner

/// How a backup's code is kept from this host, as far as this machine and our rights allow.
package struct RunIsolation: Sendable {
  private let layers = Isolation.current

  /// - Throws: `Fault` with code `isolation_missing` when there is nothing that keeps a backup's code in.
  package init() throws {
    guard layers.isSufficient else {
      throw Fault(
        .isolationMissing,
        "there is no Landlock here and no user, network and mounts of a run's own (found: \(layers)), so a dump's code could not be kept "
          + "from this host",
        advice: "Use Linux 5.13 or newer with Landlock switched on, or run as root with CAP_SYS_ADMIN")
    }
  }

  /// For the record.
  package var description: String { layers.description }

  /// The same for a program that needs the network.
  package func description(network: Bool) -> String {
    guard network else { return description }
    return description.split(separator: ", ").filter { $0 != "no network" && $0 != "no TCP" }.joined(separator: ", ")
  }

  /// Only with a user of its own and Landlock could a superuser of the scratch server reach nothing.
  package var holdsSuperuser: Bool { layers.hasOwnUser && layers.landlock != nil }

  /// - Throws: `Fault` with code `scratch_unusable` when the run's user could not reach its own directory.
  package func confinement(_ context: EngineContext) throws -> Confinement {
    guard let user = context.user else { return Confinement(user: nil, isBoxed: true, holdsSuperuser: false) }
    if let parent = Accounts.unreachableParent(of: "\(context.directory)/data") {
      throw Fault(
        .scratchUnusable, "the scratch directory cannot be reached by the run's own user: \(parent) is closed to others",
        advice: "Open it for passing through (chmod o+x \(parent)), or set scratch.directory elsewhere")
    }
    return Confinement(user: user, isBoxed: true, holdsSuperuser: holdsSuperuser)
  }
}
