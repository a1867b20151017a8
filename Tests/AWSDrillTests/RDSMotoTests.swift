import AWSClient
import AWSKit
import DrillModel
import DrillTestSupport
import EngineKit
import Foundation
import Selecting
import Testing

@testable import EngineRDS
@testable import SourceRDS

@Suite("RDS drills against moto with its access checks on", .enabled(if: TestServers.hasMoto, Comment(rawValue: TestServers.absence)))
struct RDSMotoTests {
  /// What a drill restores, each with a policy of its own in docs/aws.md.
  enum Subject: String, Sendable, CaseIterable {
    case snapshot = "RDS"
    case moment = "RDS, point in time"
    case clusterSnapshot = "RDS clusters"
    case clusterMoment = "RDS clusters, point in time"

    var isCluster: Bool { self == .clusterSnapshot || self == .clusterMoment }
    var usesLogs: Bool { self == .moment || self == .clusterMoment }

    /// The actions that docs/aws.md says are needed; moto knows no resources of RDS, so those of the policy are not tried.
    var documented: [String] {
      let text = TextFile.read(packageRoot + "/docs/aws.md")
      guard let start = text.firstRange(of: "### \(rawValue)\n"), let end = text[start.upperBound...].firstRange(of: "\n### ") else {
        return []
      }
      return Set(text[start.upperBound..<end.lowerBound].matches(of: /"(rds:[A-Za-z]+)"/).map { String($0.1) }).sorted()
    }
  }

  private func moto(with subject: Subject) async throws -> MotoServer {
    let moto = try #require(await MotoServer())
    if subject.isCluster {
      moto.makeCluster("orders", snapshot: "nightly", isProtected: true)
    } else {
      moto.makeDatabase("orders", snapshot: "nightly", isProtected: true)
    }
    return moto
  }

  private func connection(_ moto: MotoServer, _ key: (id: String, secret: String)) -> AWSConnection {
    let environment = ["AWS_ACCESS_KEY_ID": key.id, "AWS_SECRET_ACCESS_KEY": key.secret, "AWS_REGION": "eu-west-1"]
    return AWSConnection(AWSSettings(endpoint: moto.url), host: AWSHost(environment: environment, clocks: HostClocks()))
  }

  /// Lists, restores, waits, sets a password and removes, as a run does; what is behind the instance is not asked, because moto has nothing there.
  private func drill(_ subject: Subject, _ connection: AWSConnection) async throws {
    let name = subject.isCluster ? "cluster:orders" : "orders"
    let source = RDSSource(
      try RDSPlace(name), text: "rds:\(name)", connection: connection, usesLogs: subject.usesLogs, takesShared: false)
    let found = try #require(try await source.artefacts().first { $0.name == (subject.usesLogs ? "orders" : "nightly") })
    #expect(found.takenAt != nil && found.obstacle == nil)
    guard case .handle(let handle) = try await source.open(found) else { throw CancellationError() }
    var options = RDSOptions()
    options.instanceClass = subject.isCluster ? "db.t4g.medium" : nil
    let engine = RDSEngine(options, connection: connection, pace: Pace(sleep: { _ in }))
    let scratch = try EngineScratch()
    let context = scratch.context()
    let identity = try engine.inspect(try engine.head(ofHandle: handle, from: "rds:\(name)"))
    let target = try await engine.provision(context, for: identity)
    do { _ = try await target.restore(.handle(handle)) } catch {
      // The first error is the one that is looked at; what stays goes with moto.
      try? await target.destroy()
      throw error
    }
    let made = try await look(at: ScratchName.of(context.run), isCluster: subject.isCluster, connection)
    #expect(made?.tags["drillmark:run"] == context.run.text)
    try await target.destroy()
    #expect(try await look(at: ScratchName.of(context.run), isCluster: subject.isCluster, connection) == nil)
  }

  private func look(at name: String, isCluster: Bool, _ connection: AWSConnection) async throws -> RDSDatabase? {
    try await askAWS { http, options in
      try RDSClient(connection, region: "eu-west-1", http: http, options: options).database(name, isCluster: isCluster)
    }
  }

  @Test(
    "the documented policy lets everything be done that a drill does, protected or not; the original stays", arguments: Subject.allCases)
  func whole(_ subject: Subject) async throws {
    #expect(subject.documented.count >= 5, "the page and this test must agree on where the policy is")
    let moto = try await moto(with: subject)
    let key = moto.accessKey(user: "drill", allowing: subject.documented + ["sts:GetCallerIdentity"])
    moto.requireSignatures()
    let connection = connection(moto, key)
    try await drill(subject, connection)
    #expect(try await look(at: "orders", isCluster: subject.isCluster, connection)?.isProtected == true)
  }

  @Test("without one of its actions the message names it", arguments: Subject.allCases)
  func lacking(_ subject: Subject) async throws {
    let moto = try await moto(with: subject)
    // moto asks for no permission to set tags while something is made, nor for what RDS does to the instances of a cluster that is changed.
    let unasked = ["rds:AddTagsToResource"] + (subject.isCluster ? ["rds:ModifyDBInstance"] : [])
    let needed = subject.documented.filter { !unasked.contains($0) }
    var keys: [(String, (id: String, secret: String))] = []
    for (index, action) in needed.enumerated() {
      keys.append((action, moto.accessKey(user: "u\(index)", allowing: needed.filter { $0 != action } + ["sts:GetCallerIdentity"])))
    }
    moto.requireSignatures()
    for (action, key) in keys {
      do {
        try await drill(subject, connection(moto, key))
        Issue.record("\(action) is needed")
      } catch let fault as Fault {
        #expect(fault.description.contains(action), "\(action): \(fault)")
        #expect(!fault.description.contains(key.secret))
      }
    }
  }
}
