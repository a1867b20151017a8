import AWSClient
import AWSKit
import DrillModel
import EngineKit
import Synchronization

/// A database that somebody else restored and will remove.
final class RestoredDatabaseTarget: ScratchTarget {
  private let restored: RDSName
  private let took: Duration?
  private let options: RDSOptions
  private let connection: AWSConnection
  private let pace: Pace
  private let context: EngineContext
  private let server = Mutex<(any RDSServer)?>(nil)

  init(
    _ restored: RDSName, took: Duration?, options: RDSOptions, connection: AWSConnection, pace: Pace, context: EngineContext
  ) {
    self.restored = restored
    self.took = took
    self.options = options
    self.connection = connection
    self.pace = pace
    self.context = context
  }

  func restore(_ content: BackupContent) async throws -> RestoreReport {
    let span = took.map { ", which took it \($0.readable)" } ?? ""
    return RestoreReport(
      engineTime: took ?? .zero,
      notes: ["restored by AWS Backup as \(restored.arn)\(span): the recovery time of this run is not one, and is held against nothing"])
  }

  func awaitReady() async throws {
    guard let reference = options.password else { throw Fault(.internalError, "there is no password to ask with") }
    let password = try context.secrets.value(of: reference)
    let found = try await waitUntilThere()
    let reached = try await options.server(found, password: password).reached(
      protected: context.protected, pace: pace, mayRefuseLogin: false)
    server.withLock { $0 = reached }
  }

  private func waitUntilThere() async throws -> RDSDatabase {
    var (looks, trouble) = (0, Duration.zero)
    while true {
      do {
        if let found = try await usable() { return found }
        trouble = .zero
      } catch let fault as Fault where fault.isTransient && trouble < pace.reach {
        try Task.checkCancellation()
        trouble += min(pace.interval, .seconds(looks + 1))
      }
      looks += 1
      try await pace.wait(after: looks)
    }
  }

  /// It, once it can be reached; nil before.
  private func usable() async throws -> RDSDatabase? {
    guard let found = try await look() else {
      throw Fault(
        .scratchUnusable, "\(restored.arn) is not there (any more)",
        advice: "Validate it before AWS Backup removes it: give the restore testing plan a longer retention")
    }
    // What the ARN does not name was not restored by that job, whatever it is called.
    guard found.arn.isEmpty || found.arn == restored.arn else {
      throw Fault(.productionGuard, "RDS knows \(restored.name) as \(found.arn) and not as \(restored.arn)")
    }
    switch RDSStatus(found.status, of: found.name) {
    case .over(let fault): throw fault
    case .ready where found.instances == 0:
      throw Fault(
        .scratchUnusable, "the restored cluster \(found.name) has no instance to ask: AWS Backup can restore a cluster of Aurora alone",
        advice: "Make one in it first (aws rds create-db-instance --db-cluster-identifier \(found.name) …), and validate then")
    case .ready: return found.host == nil ? nil : found
    case .underWay: return nil
    }
  }

  private func look() async throws -> RDSDatabase? {
    let (connection, restored) = (connection, restored)
    do {
      return try await askAWS { http, options in
        try RDSClient(connection, region: restored.region, http: http, options: options).database(
          restored.name, isCluster: restored.isCluster)
      }
    } catch let failure as AWSFailure {
      let action = "rds:DescribeDB\(restored.isCluster ? "Cluster" : "Instance")s"
      throw failure.fault(during: "looking at \(restored.name)", action: action, else: .scratchUnusable)
    }
  }

  func probes() async throws -> Probes {
    guard let server = server.withLock({ $0 }) else { throw Fault(.internalError, "nothing was reached") }
    return server.probes()
  }

  var access: [String] {
    server.withLock { $0 }?.access(directory: context.directory) ?? []
  }

  /// Leaves it where it is: who restored it removes it.
  func destroy() async throws { server.withLock { $0 = nil } }
}
