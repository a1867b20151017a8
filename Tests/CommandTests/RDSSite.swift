import DrillTestSupport

/// A site with the drill `d` of RDS snapshots, and an RDS whose restored instances are a database of a test's own.
struct RDSSite {
  let site: ScratchSite
  let rds: ScriptedRDS
  private let password: String

  /// - Parameters:
  ///   - restore: Further keys of the drill's `restore`.
  ///   - password: That of the restored database's role, in `DRILL_DB`.
  init(
    on port: Int, authority: String, restore: String, from: String, checks: String, password: String,
    onPassword: @escaping @Sendable (String) -> Void,
    intervene: @escaping @Sendable (String, [String: String], Int) -> ScriptedRDS.Intervention? = { _, _, _ in nil },
    change: (inout ScriptedRDS.State) -> Void = { _ in }
  ) {
    var state = ScriptedRDS.State()
    (state.host, state.port) = ("localhost", port)
    state.snapshots = [
      ScriptedRDS.Snapshot("rds:orders-old", created: BackupStamp.rfc3339(.seconds(93_600))),
      ScriptedRDS.Snapshot("rds:orders-new", created: BackupStamp.rfc3339(.seconds(7200))),
    ]
    change(&state)
    rds = ScriptedRDS(state, onPassword: onPassword, intervene: intervene)
    site = ScratchSite()
    self.password = password
    site.drill(
      "d",
      "backup: {from: \"\(from)\"}\nrestore: {engine: rds, class: db.t4g.medium, ca: \(authority)\(restore)}\nchecks:\n\(checks)")
    onPassword(password)
  }

  func environment(_ more: [String: String] = [:]) -> [String: String] {
    rds.environment.merging(["DRILL_DB": password]) { $1 }.merging(more) { $1 }
  }

  /// Runs the drill.
  func run(_ more: [String: String] = [:]) async -> CommandResult { await site.runJSON("d", environment: environment(more)) }
}
