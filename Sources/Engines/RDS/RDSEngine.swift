package import AWSClient
import AWSKit
package import DrillConfig
import DrillModel
package import EngineKit
import Glibc
import ToolRunner

/// Has Amazon RDS make an instance or a cluster of a snapshot or of the newest moment, asks it, and has it deleted.
package struct RDSEngine: RestoreEngine {
  let options: RDSOptions
  let connection: AWSConnection
  let pace: Pace

  init(_ options: RDSOptions, connection: AWSConnection, pace: Pace = Pace()) {
    self.options = options
    self.connection = connection
    self.pace = pace
  }

  /// What the registry lists.
  ///
  /// - Parameter aws: Shared with whatever else of the process asks AWS.
  package static func kind(aws: AWSConnections) -> Kind<any RestoreEngine> {
    Kind(
      name: "rds",
      summary:
        "Snapshots of Amazon RDS and Aurora (PostgreSQL, MySQL, MariaDB), into an instance or a cluster made for the run and deleted after it.",
      section: RDSOptions.section, initial: RDSOptions()
    ) { options, context in
      if options.user != nil, options.password == nil {
        context.report("`user` needs `password`: a new password is set for the master user alone", at: "user")
      }
      if options.tls == .require, options.certificateAuthorities != nil {
        context.warn("`ca` means nothing with `tls: require`", at: "ca")
      }
      if options.tls == .verifyFull, options.certificateAuthorities == nil {
        context.report(
          "nothing says which authorities prove the restored server",
          suggestion:
            "give RDS's as `ca: FILE` (https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem), or write `tls: require`")
      }
      return RDSEngine(options, connection: aws.connection(context.aws))
    }
  }

  package var name: String { "rds" }
  package var provides: ProbeKinds { [.sql, .schema, .deep, .digests] }
  package var restoresHandles: Bool { true }
  package var secretReferences: [SecretReference] { options.password.map { [$0] } ?? [] }

  package func place(scratch: String) -> String { "a new instance in RDS, engine \(name)" }

  package func preflight(_ context: EngineContext) async throws -> EngineIdentity {
    if let path = options.certificateAuthorities, access(path, R_OK) != 0 {
      throw Fault(
        .configuration, "the authorities in \(path) cannot be read", advice: "Fetch them from https://truststore.pki.rds.amazonaws.com")
    }
    let account = try await presentAccount(connection).map { ", account \($0)" } ?? ""
    return EngineIdentity(version: "rds\(account)", isolation: nil)
  }

  package func inspect(_ head: ContentHead) throws -> BackupIdentity {
    let point = try RDSRecoveryPoint(handle: head.name)
    try RDSMaking(point: point, options: options).confirm()
    return BackupIdentity(format: point.description, intake: .handle, takenAt: point.takenAt)
  }

  package func creations(for head: ContentHead) throws -> [String] {
    RDSMaking(point: try RDSRecoveryPoint(handle: head.name), options: options).declared
  }

  package func provision(_ context: EngineContext, for identity: BackupIdentity) async throws -> any ScratchTarget {
    RDSTarget(options, connection: connection, pace: pace, context: context)
  }
}
