import AWSClient
import AWSKit
import DrillModel
import EngineKit
import ToolRunner

/// A restored database, as the client of its family reaches and asks it.
protocol RDSServer: Sendable {
  var host: String { get }
  var port: Int { get }
  var user: String { get }

  /// Asks it once, at one of these addresses and no other. Blocks.
  ///
  /// - Returns: The same, pinned to where it answered.
  /// - Throws: `RDSSilence`.
  func answering(at addresses: [String]) throws -> any RDSServer

  /// Ways to ask it.
  func probes() -> Probes

  /// How a person reaches a kept target; the password is put into a file in `directory` that only our user reads.
  func access(directory: String) -> [String]
}

/// Why a restored database gave no answer.
enum RDSSilence: Error {
  /// Nobody answered.
  case unreached(String)
  /// A server answered that it is not ready.
  case busy(String)
  /// It refuses whoever asks, which may pass while a new password is being set.
  case login(Fault)
  /// What no waiting mends.
  case hopeless(Fault)
}

extension RDSServer {
  /// The server, for people.
  var place: String { "\(host):\(port)" }

  /// Asks until it answers; the deadline is the caller's. Whoever answers is one that the guards looked at.
  ///
  /// - Parameter mayRefuseLogin: Whether a refused password may still become right, for as long as `pace` says.
  /// - Throws: `Fault` with code `production_guard`, `credentials` or `configuration` for what waiting does not mend, `scratch_unusable` when no
  ///   server was reached for as long as `pace` says.
  func reached(protected: ProtectedSystems, pace: Pace, mayRefuseLogin: Bool) async throws -> any RDSServer {
    let begin = ContinuousClock.now
    var looks = 0
    while true {
      let isOverdue = ContinuousClock.now - begin > pace.reach
      do { return try await onThread("rds ready") { try ask(protected) } } catch let silence as RDSSilence {
        switch silence {
        case .hopeless(let fault): throw fault
        case .login(let fault): if !mayRefuseLogin || isOverdue { throw fault }
        case .busy: break
        // RDS calls it available: what is missing is the way to it, which says nothing of the backup.
        case .unreached(let reason): if isOverdue { throw unreachable(reason) }
        }
      }
      looks += 1
      try await pace.wait(after: looks)
    }
  }

  private func ask(_ protected: ProtectedSystems) throws -> any RDSServer {
    let addresses = try AddressGuard(protected, what: "restored database").check(host: host, port: port)
    // A name that is new may lead nowhere for a while.
    if addresses.isEmpty { throw RDSSilence.unreached("its name leads to no address yet") }
    return try answering(at: addresses)
  }

  private func unreachable(_ reason: String) -> Fault {
    Fault(
      .scratchUnusable, "the restored database on \(place) cannot be reached from here: \(reason)",
      advice: "Let this machine in: check `security-groups` and `subnet-group`, and that the name of the instance can be looked up here")
  }

  /// What a refusal says, for people.
  func refusal(_ reason: String) -> String { "the restored database on \(place) refuses \(user): \(reason)" }

  static var loginAdvice: String { "Give the password that the role had when the snapshot was taken, or leave `password` out" }
  static var proofAdvice: String { "Give the file of RDS's authorities as `ca`; `tls: require` encrypts without proof of whom it reaches" }
}

/// What restored databases are asked in.
enum DatabaseFamily: Sendable, Hashable {
  case postgresql, mysql

  /// By RDS's name of the engine; nil for one that cannot be asked.
  init?(engine: String) {
    switch engine {
    case "postgres", "aurora-postgresql": self = .postgresql
    case "mysql", "mariadb", "aurora-mysql": self = .mysql
    default: return nil
    }
  }

  /// For people.
  static let titles = "PostgreSQL, MySQL and MariaDB, Aurora's included"
}

extension RDSOptions {
  /// The server of a restored instance or cluster.
  ///
  /// - Throws: `Fault` with code `not_ready` when RDS gives no address, `configuration` for an engine that cannot be asked.
  func server(_ database: RDSDatabase, password: String) throws -> any RDSServer {
    guard let host = database.host, !host.isEmpty, !host.hasPrefix("/"), !host.hasPrefix("@"), !host.contains(",") else {
      throw Fault(.notReady, "RDS gives no address of the restored \(database.name)")
    }
    let named = self.password == nil ? database.user : user ?? database.user
    switch DatabaseFamily(engine: database.engine) {
    case .postgresql: return RDSPostgreSQL(self, of: database, host: host, user: named ?? "postgres", password: password)
    case .mysql: return RDSMySQL(self, of: database, host: host, user: named ?? "admin", password: password)
    case nil:
      throw Fault(
        .configuration, "the restored \(database.name) is of \(database.engine), which cannot be asked",
        advice: "Restored databases of these can: \(DatabaseFamily.titles)")
    }
  }
}
