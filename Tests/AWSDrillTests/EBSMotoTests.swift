import AWSClient
import AWSKit
import DrillModel
import DrillTestSupport
import EngineKit
import Selecting
import Testing

@testable import EngineEBS
@testable import SourceEBS

@Suite("EBS drills against moto with its access checks on", .enabled(if: TestServers.hasMoto, Comment(rawValue: TestServers.absence)))
struct EBSMotoTests {
  /// The actions that docs/aws.md says are needed; moto knows neither resources nor conditions of EC2, so those of the policy are not tried.
  private static let documented: [String] = {
    let text = TextFile.read(packageRoot + "/docs/aws.md")
    guard let start = text.firstRange(of: "### EBS"), let end = text[start.upperBound...].firstRange(of: "\n## ") else { return [] }
    return Set(text[start.upperBound..<end.lowerBound].matches(of: /"(ec2:[A-Za-z]+)"/).map { String($0.1) })
      .subtracting(["ec2:CreateAction"]).sorted()
  }()

  private func connection(_ moto: MotoServer, _ key: (id: String, secret: String)) -> AWSConnection {
    let environment = ["AWS_ACCESS_KEY_ID": key.id, "AWS_SECRET_ACCESS_KEY": key.secret, "AWS_REGION": "eu-west-1"]
    return AWSConnection(AWSSettings(endpoint: moto.url), host: AWSHost(environment: environment, clocks: HostClocks()))
  }

  /// Lists, makes, attaches, takes off and deletes, as a run on that instance does; there is no disk to look into.
  private func drill(_ connection: AWSConnection, of volume: String, on instance: String, run: RunID) async throws {
    let source = EBSSource(try EBSPlace(volume), text: "ebs:\(volume)", connection: connection)
    let snapshot = try #require(try await source.artefacts().first { $0.obstacle == nil })
    guard case .handle(let handle) = try await source.open(snapshot) else { throw CancellationError() }
    let account = try await callerIdentity(connection, region: "eu-west-1").account
    let made = EBSVolume(
      connection: connection, place: EBSVolume.place(of: run, region: "eu-west-1", account: account), run: run,
      pace: Pace(sleep: { _ in }))
    let attachment = EBSAttachment(volume: made, instance: instance)
    let found = try await made.make(
      of: try EBSRecoveryPoint(handle: handle), zone: "eu-west-1a", type: "gp3", tags: RunTags.of(run, labels: ["drill": "d"]))
    #expect(try await attachment.make(found, under: ["/dev/sdf"]) == "/dev/sdf")
    let reaper = EBSReaper(connection: connection, pace: Pace(sleep: { _ in }))
    for row in [attachment.row, made.row] { try await reaper.destroy(row, of: run, tools: NoPrograms()) }
    #expect(try await made.found().isEmpty)
  }

  @Test("the documented policy lets a snapshot be listed, restored, attached, taken off and deleted; the original stays")
  func whole() async throws {
    #expect(EBSMotoTests.documented.count >= 7, "the page and this test must agree on where the policy is")
    let moto = try #require(await MotoServer())
    let (volume, instance) = moto.makeSnapshot()
    let key = moto.accessKey(user: "drill", allowing: EBSMotoTests.documented + ["sts:GetCallerIdentity"])
    moto.requireSignatures()
    let connection = connection(moto, key)
    try await drill(connection, of: volume, on: instance, run: EBSMotoTests.newRun())
    let left = try await askAWS { http, options in
      try EC2Client(connection, region: "eu-west-1", http: http, options: options).volumes(("volume-id", volume))
    }
    #expect(left.count == 1)
  }

  @Test("without one of its actions the message names it")
  func lacking() async throws {
    let moto = try #require(await MotoServer())
    let (volume, instance) = moto.makeSnapshot()
    // moto asks for no permission to set tags while something is made.
    let needed = EBSMotoTests.documented.filter { $0 != "ec2:CreateTags" }
    var keys: [(String, (id: String, secret: String))] = []
    for (index, action) in needed.enumerated() {
      keys.append((action, moto.accessKey(user: "u\(index)", allowing: needed.filter { $0 != action } + ["sts:GetCallerIdentity"])))
    }
    moto.requireSignatures()
    for (action, key) in keys {
      do {
        try await drill(connection(moto, key), of: volume, on: instance, run: EBSMotoTests.newRun())
        Issue.record("\(action) is needed")
      } catch let fault as Fault {
        #expect(fault.description.contains(action), "\(action): \(fault)")
        #expect(!fault.description.contains(key.secret))
      }
    }
  }

  private static func newRun() -> RunID {
    var random = SystemRandomNumberGenerator()
    return RunID(at: HostClocks().now(), using: &random)
  }
}
