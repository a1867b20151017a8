package import AWSClient
import Checks
package import DrillConfig
package import DrillModel
import EngineEBS
import EngineEtcd
import EngineFiles
package import EngineKit
import EngineMySQL
import EngineMySQLPhysical
import EnginePostgreSQL
import EnginePostgreSQLPhysical
import EngineRDS
import EngineRedis
import EngineSQLite
import Foundation
import SourceAWSBackup
import SourceDirectory
import SourceEBS
import SourceRDS
import SourceRepositories
import SourceS3

/// The one list of engines, sources and checks. Adding one is a line here.
package struct StandardRegistry: Sendable {
  package let vocabulary: Vocabulary<any RestoreEngine, any BackupSource, any IntegrityCheck>
  private let aws: AWSConnections

  /// - Parameter aws: Shared with whatever else of the process asks AWS.
  package init(aws: AWSConnections) {
    self.aws = aws
    vocabulary = Vocabulary(
      engines: [
        SQLiteEngine.kind, PostgreSQLEngine.kind, PhysicalEngine.kind, MySQLPhysicalEngine.kind, FilesEngine.kind, RDSEngine.kind(aws: aws),
        EBSEngine.kind(aws: aws), RedisEngine.kind, EtcdEngine.kind,
      ] + MySQLEngine.kinds,
      sources: [
        DirectorySource.kind, S3Source.kind(aws: aws), RDSSource.kind(aws: aws), EBSSource.kind(aws: aws), VaultSource.kind(aws: aws),
        PgBackRestSource.kind, BarmanSource.kind,
      ],
      checks: Checks.kinds,
      refusesLogs: { $0.takesLogs ? nil : "the engine \($0.name) has no use for `logs`: its backups are not rolled forward" },
      misfit: { engine, check in
        let missing = check.needs.subtracting(engine.provides)
        return missing.isEmpty ? nil : "the check \(check.kind) needs \(missing.names), which the engine \(engine.name) does not offer"
      })
  }

  /// Carries out what an engine started this program again for; nil when the arguments, without the program's name, are a person's.
  ///
  /// - Returns: The exit status.
  package static func engineWork(_ arguments: [String]) -> Int32? {
    guard arguments.first == SQLiteReader.word else { return nil }
    return SQLiteReader.run(Array(arguments.dropFirst()))
  }

  /// What destroys resources that lie outside a run's directory.
  ///
  /// - Parameters:
  ///   - drills: Those of the site: their secrets lead to the servers that hold such resources.
  ///   - environment: Where references to secrets look.
  ///   - settings: The site's `aws`.
  package func reapers(of drills: [DrillPlan], environment: [String: String], aws settings: AWSSettings) -> [any ResourceReaper] {
    [
      PostgreSQLEngine.reaper(of: drills.map(\.engine), secrets: SecretReader(environment: environment)),
      RDSReaper(connection: aws.connection(settings)), EBSReaper(connection: aws.connection(settings)),
    ]
  }

  /// Reads a site file, or the site of a directory, with all its drills.
  package func load(_ path: String?) -> DrillSite { loader.load(path) }

  /// Reads what a path names: a site, or one drill file with the site around it.
  package func load(validating path: String) -> DrillSite { loader.load(validating: path) }

  private var loader: SiteLoader<any RestoreEngine, any BackupSource, any IntegrityCheck> {
    SiteLoader(vocabulary: vocabulary, workingDirectory: FileManager.default.currentDirectoryPath)
  }
}
