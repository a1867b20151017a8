import DrillModel
import EngineKit
import PostgreSQLKit
import ToolRunner

/// How a dump's code is kept from this host, as far as this machine and our rights allow.
struct RunIsolation {
  private let layers = Isolation.current

  /// - Throws: `Fault` with code `isolation_missing` when there is nothing that keeps a dump in.
  init() throws {
    guard layers.isSufficient else {
      throw Fault(
        .isolationMissing,
        "there is no Landlock here and no user, network and mounts of a run's own (found: \(layers)), so a dump's code could not be kept "
          + "from this host",
        advice: "Use Linux 5.13 or newer with Landlock switched on, or run as root with CAP_SYS_ADMIN")
    }
  }

  var description: String { layers.description }

  /// The same for a program that needs the network.
  func description(network: Bool) -> String {
    guard network else { return description }
    return description.split(separator: ", ").filter { $0 != "no network" && $0 != "no TCP" }.joined(separator: ", ")
  }

  /// Only with a user of its own and Landlock could a superuser of the scratch server reach nothing.
  var holdsSuperuser: Bool { layers.hasOwnUser && layers.landlock != nil }

  static let superuserRefused = Fault(
    .isolationMissing, "`superuser: true` needs root and a kernel with Landlock, which are not both here",
    advice: "Run as root on Linux 5.13 or newer, or leave the key out")

  /// - Throws: `Fault` when the run's user could not reach its own directory.
  func confinement(_ context: EngineContext) throws -> Confinement {
    guard let user = context.user else { return Confinement(user: nil, isBoxed: true, holdsSuperuser: false) }
    if let parent = Accounts.unreachableParent(of: "\(context.directory)/data") {
      throw Fault(
        .scratchUnusable, "the scratch directory cannot be reached by the run's own user: \(parent) is closed to others",
        advice: "Open it for passing through (chmod o+x \(parent)), or set scratch.directory elsewhere")
    }
    return Confinement(user: user, isBoxed: true, holdsSuperuser: holdsSuperuser)
  }
}
