package import AWSClient
import AWSKit
import DrillConfig
package import DrillModel
package import EngineKit
import EngineRDS
import SourceAWSBackup

extension StandardRegistry {
  /// A drill as it is carried out against what a restore job of AWS Backup made: the same checks, age and gaps; no objective for a recovery
  /// time that is not ours to measure.
  ///
  /// - Throws: `Fault` with code `configuration` for a drill or a resource that cannot be asked.
  package func validation(of job: RestoreJob, by plan: DrillPlan, at now: Timestamp) throws -> DrillPlan {
    guard let engine = plan.engine as? RDSEngine else {
      throw Fault(
        .configuration,
        "the drill \(plan.drill.name) has the engine \(plan.engineName), whose restores by AWS Backup cannot be asked so far",
        advice: "Name a drill with `engine: rds`")
    }
    var validation = plan
    validation.source = RestoreJobSource(job, among: plan.source)
    validation.drill.rules.select = job.takenAt.map { .at($0) } ?? .latest
    // Otherwise the moment of the chosen point would be that of the disaster, and its age nothing.
    validation.drill.failureInstant = now
    validation.drill.objectives.rto = nil
    guard job.status == .completed else { return validation }
    guard let created = job.created, let restored = RDSName(arn: created) else {
      throw Fault(
        .configuration,
        "the restore job \(job.id) made \(job.created ?? "nothing that AWS Backup names") (\(job.resourceType ?? "no type")), which cannot be asked",
        advice: "Instances and clusters of RDS and Aurora can: PostgreSQL, MySQL and MariaDB")
    }
    validation.engine = try engine.asking(restored, restoredWithin: job.duration)
    return validation
  }
}
