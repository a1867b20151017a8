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
  /// The actions that docs/aws.md says are needed; moto knows no resources of RDS, so those of the policy are not tried.
  private static let documented: [String] = {
    let text = TextFile.read(packageRoot + "/docs/aws.md")
    guard let start = text.firstRange(of: "### RDS"), let end = text[start.upperBound...].firstRange(of: "\n### ") else { return [] }
    let part = text[start.upperBound..<end.lowerBound]
    return Set(part.matches(of: /"(rds:[A-Za-z]+)"/).map { String($0.1) }).sorted()
  }()

  private func connection(_ moto: MotoServer, _ key: (id: String, secret: String)) -> AWSConnection {
    let environment = ["AWS_ACCESS_KEY_ID": key.id, "AWS_SECRET_ACCESS_KEY": key.secret, "AWS_REGION": "eu-west-1"]
    return AWSConnection(AWSSettings(endpoint: moto.url), host: AWSHost(environment: environment, clocks: HostClocks()))
  }

  /// Lists, restores, waits, and removes, as a run does; what is behind the instance is not asked, because moto has nothing there.
  private func drill(_ connection: AWSConnection, run: RunID) async throws -> RDSDatabase {
    let source = RDSSource(try RDSPlace("orders"), text: "rds:orders", connection: connection, usesLogs: false, takesShared: false)
    let found = try #require(try await source.artefacts().first { $0.name == "nightly" })
    #expect(found.takenAt != nil && found.obstacle == nil)
    guard case .handle(let handle) = try await source.open(found) else { throw CancellationError() }
    let making = RDSMaking(point: try RDSRecoveryPoint(handle: handle), options: RDSOptions())
    try making.confirm()
    let account = try await callerIdentity(connection, region: "eu-west-1").account
    let resource = RDSResource(run: run, region: "eu-west-1", account: account, isCluster: false)
    let workshop = RDSWorkshop(connection: connection, resource: resource, run: run, pace: Pace(sleep: { _ in }))
    let restore = making.restore(named: resource.name, tags: RunTags.of(run, labels: ["drill": "orders"]))
    do {
      _ = try await workshop.make(making.instanceAction) { try $0.restoreInstance(restore) }
      let ready = try await workshop.waitUntilReady()
      try await workshop.remove(wasMade: true)
      #expect(try await workshop.look() == nil)
      return ready
    } catch let refusal as RDSWorkshop.NotMade { throw refusal.fault }
  }

  @Test("the documented policy lets a snapshot be listed, restored, waited for and removed, protected or not; the original stays")
  func whole() async throws {
    #expect(RDSMotoTests.documented.count >= 5, "the page and this test must agree on where the policy is")
    let moto = try #require(await MotoServer())
    moto.makeDatabase("orders", snapshot: "nightly", isProtected: true)
    let key = moto.accessKey(user: "drill", allowing: RDSMotoTests.documented + ["sts:GetCallerIdentity"])
    moto.requireSignatures()
    let made = try await drill(connection(moto, key), run: RDSBench.usual)
    #expect(made.name == ScratchName.of(RDSBench.usual) && made.tags["drillmark:run"] == RDSBench.usual.text && made.isProtected)
    let connection = connection(moto, key)
    let original = try await askAWS { http, options in
      try RDSClient(connection, region: "eu-west-1", http: http, options: options).database("orders", isCluster: false)
    }
    #expect(original?.isProtected == true)
  }

  @Test("without one of its actions the message names it")
  func lacking() async throws {
    let moto = try #require(await MotoServer())
    moto.makeDatabase("orders", snapshot: "nightly", isProtected: true)
    let needed = RDSMotoTests.documented.filter { $0 != "rds:AddTagsToResource" }
    var keys: [(String, (id: String, secret: String))] = []
    for (index, action) in needed.enumerated() {
      keys.append((action, moto.accessKey(user: "u\(index)", allowing: needed.filter { $0 != action } + ["sts:GetCallerIdentity"])))
    }
    moto.requireSignatures()
    for (index, (action, key)) in keys.enumerated() {
      let run = try #require(RunID("01KA000000000000000000000\(index)"))
      do {
        _ = try await drill(connection(moto, key), run: run)
        Issue.record("\(action) is needed")
      } catch let fault as Fault {
        #expect(fault.description.contains(action), "\(action): \(fault)")
        #expect(!fault.description.contains(key.secret))
      }
    }
  }
}
