package import AWSClient
import DrillModel
package import EngineKit
package import Selecting

/// What a restore job of AWS Backup has restored, among the recovery points that a drill's own source lists, so that age and gaps are
/// judged by all of them.
package struct RestoreJobSource: BackupSource {
  private let job: RestoreJob
  private let others: any BackupSource

  package init(_ job: RestoreJob, among others: any BackupSource) {
    self.job = job
    self.others = others
  }

  package var location: String { "restore job \(job.id) of AWS Backup, among \(others.location)" }
  package var localDirectories: [String] { [] }
  package var clockError: Duration { others.clockError }

  /// - Throws: `Fault` with code `restore_failed` for a job that made nothing.
  package func artefacts() async throws -> [Artefact] {
    if case .ended(let status) = job.status {
      let why = job.statusMessage.map { ": \(InertText.line($0, limit: 300))" } ?? ""
      throw Fault(.restoreFailed, "AWS Backup could not restore \(job.recoveryPoint): the job \(job.id) ended as \(status)\(why)")
    }
    let listed = try await others.artefacts().filter { $0.location != job.recoveryPoint }
    var restored = Artefact(location: job.recoveryPoint, name: job.recoveryPoint, bytes: nil, modified: nil)
    restored.takenAt = job.takenAt
    if job.takenAt == nil { restored.obstacle = "AWS Backup does not say when it was taken" }
    return listed + [restored]
  }

  package func open(_ artefact: Artefact) async throws -> OpenedArtefact {
    // Points of one moment, or times that `duration` moves, could have another one chosen: then this is not what the job restored.
    guard artefact.location == job.recoveryPoint else {
      throw Fault(
        .configuration, "the job \(job.id) restored \(job.recoveryPoint), and the drill's times lead to \(artefact.location)",
        advice: "Leave `duration` out: AWS says when its recovery points were taken")
    }
    return .handle(artefact.location)
  }
}
