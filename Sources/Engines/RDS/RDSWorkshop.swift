import AWSClient
import AWSKit
import DrillModel
import EngineKit
import HTTPTransport

/// Asks RDS of one region about one resource.
struct RDSWorkshop: Sendable {
  let connection: AWSConnection
  let resource: RDSResource
  let run: RunID
  let pace: Pace

  func ask<T: Sendable>(_ body: @escaping @Sendable (RDSClient) throws -> T) async throws -> T {
    let (connection, region) = (connection, resource.arn.region)
    return try await askAWS { http, options in try body(RDSClient(connection, region: region, http: http, options: options)) }
  }

  /// As RDS describes it now; nil when there is none of that name.
  func look() async throws -> RDSDatabase? {
    let (name, isCluster) = (resource.name, resource.isCluster)
    return try await ask { try $0.database(name, isCluster: isCluster) }
  }

  /// Whether what was found is what this run made: its ARN, which holds name and account, and the tag.
  func isOurs(_ found: RDSDatabase) -> Bool {
    resource.belongs(to: run) && found.arn == resource.arn.text && RunTags.belong(found.tags, to: run)
  }

  // MARK: Making

  /// Makes it, whatever becomes of the replies: one that did not come is looked for before anything is asked again, and what is found
  /// under the name is taken only with this run's tag. Throttling, which makes nothing, is waited out for as long as `pace` says.
  ///
  /// - Throws: `NotMade` when RDS has surely made nothing, `Fault` when that is not known.
  func make(_ action: String, _ request: @escaping @Sendable (RDSClient) throws -> RDSDatabase) async throws -> RDSDatabase {
    var unclear: AWSFailure?
    var (requests, throttlings, waited) = (0, 0, Duration.zero)
    while requests < 3 {
      do { return try await ask(request) } catch let failure as AWSFailure {
        if failure.kind == .throttled, waited < pace.reach {
          throttlings += 1
          waited += min(pace.interval, .seconds(throttlings))
          try await pace.wait(after: throttlings)
          continue
        }
        requests += 1
        guard failure.isUnclear || failure.isNameTaken else { throw refusal(failure.restoreFault("rds:\(action)"), after: unclear) }
        unclear = failure
        if let found = try await lookPatiently() {
          if isOurs(found) { return found }
          throw NotMade(fault: taken)
        }
      }
    }
    throw unclear?.restoreFault("rds:\(action)") ?? taken
  }

  /// A refusal says that nothing was made only where no earlier request may have made something.
  private func refusal(_ fault: Fault, after unclear: AWSFailure?) -> any Error { unclear == nil ? NotMade(fault: fault) : fault }

  private var taken: Fault {
    Fault(
      .productionGuard, "there is something named \(resource.name) already, and it does not carry the tag of run \(run)",
      advice: "Look at it; drills leave it alone")
  }

  /// A refusal after which nothing exists.
  struct NotMade: Error {
    let fault: Fault
  }

  /// Looks until it is there or patience ends: RDS may show what it accepted a little later. Trouble with looking is passed over.
  private func lookPatiently() async throws -> RDSDatabase? {
    var waited = Duration.zero
    var looks = 0
    while true {
      if let found = (try? await look()).flatMap(\.self) { return found }
      guard waited < pace.patience else { return nil }
      looks += 1
      waited += min(pace.interval, .seconds(looks))
      try await pace.wait(after: looks)
    }
  }

  /// Waits until it can be used. Throttling and cuts while looking are no news; the deadline is the caller's.
  ///
  /// - Throws: `Fault` as soon as RDS says that nothing will come of it.
  func waitUntilReady(when isReady: @Sendable (RDSDatabase) -> Bool = { _ in true }) async throws -> RDSDatabase {
    var (looks, unseen, locked) = (0, Duration.zero, Duration.zero)
    while true {
      do {
        let found = try await look()
        locked = .zero
        if let found {
          unseen = .zero
          switch RDSStatus(found.status, of: resource.name) {
          case .ready where isReady(found): return found
          case .over(let fault): throw fault
          case .ready, .underWay: break
          }
        } else {
          // RDS may show what it has made a little later.
          unseen += min(pace.interval, .seconds(looks + 1))
          if unseen > .seconds(60) {
            throw Fault(
              .scratchUnusable, "the restored \(resource.name) is gone, or RDS does not show what it said it makes",
              advice: "See in CloudTrail whether somebody deleted it")
          }
        }
      } catch let failure as AWSFailure where !failure.isPassing || locked > pace.reach {
        let kind = resource.isCluster ? "Clusters" : "Instances"
        throw failure.fault(during: "waiting for \(resource.name)", action: "rds:DescribeDB\(kind)", else: .sourceUnreachable)
      } catch let failure as AWSFailure {
        try Task.checkCancellation()
        // Credentials that nobody renews would hold it, and bill, until the deadline.
        if failure.isAboutCredentials { locked += min(pace.interval, .seconds(looks + 1)) }
      }
      looks += 1
      try await pace.wait(after: looks)
    }
  }
}

extension RDSWorkshop {
  /// Changes what was made, which may be repeated. Throttling, cuts and states that pass are waited out for as long as `pace` says.
  ///
  /// - Throws: `Fault`.
  func changePatiently(_ doing: String, _ change: @escaping @Sendable (RDSClient) throws -> Void) async throws {
    var (looks, waited) = (0, Duration.zero)
    while true {
      do { return try await ask(change) } catch let failure as AWSFailure {
        try Task.checkCancellation()
        guard failure.isPassing || failure.isAboutState, waited < pace.reach else {
          let action = "rds:ModifyDB\(resource.isCluster ? "Cluster" : "Instance")"
          throw failure.fault(during: doing, action: action, else: .scratchUnusable)
        }
      }
      looks += 1
      waited += min(pace.interval, .seconds(looks))
      try await pace.wait(after: looks)
    }
  }
}

extension AWSFailure {
  /// Whether the request may have been carried out although nothing says so.
  fileprivate var isUnclear: Bool { kind == .maybeDone || (kind == .transient && code != "credentials") }

  fileprivate var isNameTaken: Bool { code.hasSuffix("AlreadyExists") || code.hasSuffix("AlreadyExistsFault") }
}
