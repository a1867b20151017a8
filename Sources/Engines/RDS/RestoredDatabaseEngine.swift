import AWSClient
package import AWSKit
package import DrillConfig
package import DrillModel
package import EngineKit
import ToolRunner

extension RDSEngine {
  /// The same drill's checks against a database that somebody else restored, which is asked and left as it is.
  ///
  /// - Parameter took: How long its restore took; nil when nobody knows.
  /// - Throws: `Fault` with code `configuration` when the drill has no password of the original: a new one is set for our own copies alone.
  package func asking(_ restored: RDSName, restoredWithin took: Duration?) throws -> any RestoreEngine {
    guard options.password != nil else {
      throw Fault(
        .configuration, "the drill has no password for \(restored.name), and another's copy is not given a new one",
        advice: "Give `user` and `password` in `restore`: those of the original hold for the copy")
    }
    return RestoredDatabaseEngine(restored, took: took, options: options, connection: connection, pace: pace)
  }
}

/// Asks an instance or a cluster that is there already. Makes nothing and removes nothing.
package struct RestoredDatabaseEngine: RestoreEngine {
  private let restored: RDSName
  private let took: Duration?
  private let options: RDSOptions
  private let connection: AWSConnection
  private let pace: Pace

  init(_ restored: RDSName, took: Duration?, options: RDSOptions, connection: AWSConnection, pace: Pace) {
    self.restored = restored
    self.took = took
    self.options = options
    self.connection = connection
    self.pace = pace
  }

  package var name: String { "rds" }
  package var provides: ProbeKinds { [.sql, .schema, .deep, .digests] }
  package var restoresHandles: Bool { true }
  package var secretReferences: [SecretReference] { options.password.map { [$0] } ?? [] }

  package func place(scratch: String) -> String { "\(restored.arn), which is there already" }

  package var permissions: [CloudPermission] {
    [CloudPermission("rds:DescribeDB\(restored.isCluster ? "Cluster" : "Instance")s", on: restored.arn, "to find what was restored")]
  }

  /// The time until it answers says nothing of a restore that somebody else made before, so that it cannot be compared.
  package func preflight(_ context: EngineContext) async throws -> EngineIdentity {
    EngineIdentity(version: "rds, account \(restored.account)", isolation: nil, durability: .relaxed)
  }

  package func inspect(_ head: ContentHead) throws -> BackupIdentity {
    BackupIdentity(format: "RDS \(restored.isCluster ? "cluster" : "instance") \(restored.name)", intake: .handle)
  }

  package func provision(_ context: EngineContext, for identity: BackupIdentity) async throws -> any ScratchTarget {
    RestoredDatabaseTarget(restored, took: took, options: options, connection: connection, pace: pace, context: context)
  }
}
