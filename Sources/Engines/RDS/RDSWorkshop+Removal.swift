import AWSClient
import AWSKit
import DrillModel
import EngineKit

extension RDSWorkshop {
  /// Deletes it after proving that this run made it, and returns when it is gone. One that is gone already is a success; the deadline is
  /// the caller's.
  ///
  /// - Parameter patience: How long it is looked for before its absence counts: the request may still be on its way.
  /// - Throws: `Fault` with code `scratch_unusable`, whose advice says what it costs and how to remove it.
  func remove(patience: Duration) async throws {
    guard resource.belongs(to: run) else { throw left("its name was not made for run \(run)") }
    var isOwnAccount = false
    try await pace.untilGone(
      patience: patience, tolerating: { $0.isAboutState || $0.code == "InvalidParameterCombination" }, refused: refused,
      step: { _ in
        if let found = try await look() {
          guard isOurs(found) else { throw left("it does not carry the tag of run \(run)") }
          isOwnAccount = true
          try await delete(found)
          return true
        }
        // What is not there under another account's credentials is not gone.
        if !isOwnAccount { try await confirmAccount() }
        isOwnAccount = true
        return try await !members().isEmpty
      })
  }

  /// The instances of a cluster that are still there: RDS deletes those that it made with it, and they bill until it has.
  private func members() async throws -> [RDSDatabase] {
    guard resource.isCluster else { return [] }
    let name = resource.name
    return try await ask { try $0.members(of: name) }
  }

  private func confirmAccount() async throws {
    let account = try await rawCallerIdentity(connection, region: resource.arn.region).account
    guard account == resource.arn.account else {
      throw left("the credentials lead to account \(account), and it was made in account \(resource.arn.account)")
    }
  }

  private func delete(_ found: RDSDatabase) async throws {
    guard found.status != "deleting" else { return }
    let (name, isCluster) = (resource.name, resource.isCluster)
    if found.isProtected { _ = try await ask { try $0.liftProtection(of: name, isCluster: isCluster) } }
    try await ask { try $0.delete(name, isCluster: isCluster) }
  }

  private func left(_ why: String) -> Fault {
    Fault(
      .scratchUnusable, "\(resource.kind) \(resource.arn.text) is left alone: \(why)", advice: "If it is not needed: \(resource.remains)")
  }

  private func refused(_ failure: AWSFailure) -> Fault {
    let action = "rds:DeleteDB\(resource.isCluster ? "Cluster" : "Instance")"
    let fault = failure.fault(during: "removing \(resource.name)", action: action, else: .scratchUnusable)
    return Fault(.scratchUnusable, fault.description, advice: resource.remains, isTransient: fault.isTransient)
  }
}
