import AWSClient
import AWSSigning
import Alerting
import DrillConfig
import DrillModel
import Drilling
import EngineKit
import HTTPTransport
import Notifications
import ToolRunner

/// As whom and where this site asks AWS, and what it must be allowed there.
struct AWSReport: Encodable {
  /// Where the credentials come from; null when there are none.
  private(set) var source: String?
  /// Its first and last four characters.
  private(set) var key: String?
  private(set) var account: String?
  private(set) var arn: String?
  /// The role behind a session.
  private(set) var role: String?
  private(set) var expires: Timestamp?
  private(set) var region: String?
  private(set) var regionOrigin: String?
  private(set) var endpoints: [Endpoint] = []
  /// How far this machine's clock is behind AWS's, where AWS refused its time.
  private(set) var clockBehind: Double?
  private(set) var needs: [Need] = []
  /// Why it is not known who the caller is.
  private(set) var problem: String?

  enum CodingKeys: String, CodingKey {
    case source, key, account, arn, role, expires, region, endpoints, needs, problem
    case regionOrigin = "region_origin"
    case clockBehind = "clock_behind_s"
  }

  /// Where a service is asked.
  struct Endpoint: Encodable {
    let service: String
    let url: String
    /// Who wrote it down; null for AWS's own.
    let origin: String?
  }

  /// What a policy must allow, and for whom.
  struct Need: Encodable {
    let action: String
    let resource: String
    let purpose: String
    /// Drills and channels.
    var by: [String]
  }

  /// Asks AWS who the caller is. Blocks.
  init(_ connection: AWSConnection, needs: [Need]) {
    self.needs = needs
    do {
      let region = try connection.configuration.region()
      (self.region, regionOrigin) = (region?.name, region?.origin)
      let asked = region?.name ?? "us-east-1"
      endpoints = try AWSReport.services(needs).map { service in
        let endpoint = try connection.endpoint(service: service, region: asked)
        return Endpoint(service: service, url: endpoint.url, origin: endpoint.origin)
      }
      let provided = try connection.provided()
      (source, key, expires) = (provided.source, "\(provided.credentials)", provided.credentials.expiration)
      let identity = try STSClient(connection, region: asked, http: try HTTPClient()).callerIdentity()
      (account, arn, role) = (identity.account, identity.arn, identity.role)
    } catch {
      problem =
        (error as? Fault)?.description ?? (error as? AWSFailure)?.description ?? (error as? TransportError)?.message
        ?? "AWS cannot be asked"
    }
    let behind = connection.clockSkew
    if behind != .zero { clockBehind = Double(behind.inMilliseconds) / 1000 }
  }

  /// What the sources, engines and channels of a site declare, each once with those that need it.
  static func declared(by loaded: LoadedSite, alerts: AlertSettings) -> [Need] {
    var found: [CloudPermission: [String]] = [:]
    for plan in loaded.drills {
      for permission in plan.source.permissions + (plan.logs?.permissions ?? []) + plan.engine.permissions {
        found[permission, default: []].append("drill \(plan.drill.name)")
      }
    }
    for (key, route) in alerts.owing.receivers {
      for permission in route.channel.permissions { found[permission, default: []].append("channel \(key)") }
    }
    return found.map { permission, users in
      Need(action: permission.action, resource: permission.resource, purpose: permission.purpose, by: Set(users).sorted())
    }.sorted { ($0.action, $0.resource, $0.purpose) < ($1.action, $1.resource, $1.purpose) }
  }

  /// The services that are asked, by the names of their endpoints.
  private static func services(_ needs: [Need]) -> [String] {
    let prefixes = needs.compactMap { $0.action.split(separator: ":").first.map(String.init) }
    return ["sts"] + Set(prefixes).subtracting(["sts", "kms", "iam"]).map { $0 == "cloudwatch" ? "monitoring" : $0 }.sorted()
  }
}
