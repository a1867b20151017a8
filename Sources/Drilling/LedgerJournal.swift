import DrillModel
import EngineKit
import Ledger
import ToolRunner

/// The ledger as the journal that engines write to. The ledger blocks, so it gets a thread.
struct LedgerJournal: ScratchJournal {
  let ledger: Ledger
  let claim: RunClaim
  let crashPoint: @Sendable (String) -> Void

  func intend(_ resource: ScratchResource) async throws {
    try await step("intended") { try ledger.intend(resource, for: claim) }
  }

  func made(_ resource: ScratchResource) async throws {
    crashPoint("made \(resource.kind), not recorded")
    try await step("made") { try ledger.made(resource, for: claim) }
  }

  func gone(_ resource: ScratchResource) async throws {
    crashPoint("gone \(resource.kind), not recorded")
    try await step("gone") { try ledger.gone(resource, for: claim) }
  }

  private func step(_ name: String, _ write: @escaping @Sendable () throws -> Void) async throws {
    try await onThread("journal", write)
    crashPoint(name)
  }
}
