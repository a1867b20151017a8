package import AWSClient
import AWSKit
package import DrillConfig
package import DrillModel
package import EngineKit
import Synchronization
import ToolRunner

/// Has Amazon EC2 make a volume of a snapshot, and deletes it. What is in the volume is not looked at yet, so that a run is never more than
/// `could_not_verify`.
package struct EBSEngine: RestoreEngine {
  private let options: Options
  private let connection: AWSConnection
  private let pace: Pace

  struct Options: Sendable, Hashable {
    var zone = ""
    var type: String?

    static let section = Section<Options>([
      Key("zone", \.zone, .nonEmptyString, required: true, "The availability zone to make the volume in, such as eu-west-1a."),
      Key("volume-type", \.type, .nonEmptyString, default: "gp2, as EC2 has it", "The type of the volume, such as gp3."),
    ])
  }

  init(_ options: Options, connection: AWSConnection, pace: Pace = Pace()) {
    self.options = options
    self.connection = connection
    self.pace = pace
  }

  /// What the registry lists.
  ///
  /// - Parameter aws: Shared with whatever else of the process asks AWS.
  package static func kind(aws: AWSConnections) -> Kind<any RestoreEngine> {
    Kind(
      name: "ebs",
      summary:
        "Snapshots of Amazon EBS volumes, into a volume that is made for the run and deleted after it; its content is not looked at yet.",
      section: Options.section, initial: Options()
    ) { options, context in EBSEngine(options, connection: aws.connection(context.aws)) }
  }

  package var name: String { "ebs" }
  package var provides: ProbeKinds { [.files] }
  package var restoresHandles: Bool { true }
  package func place(scratch: String) -> String { "a new volume in \(options.zone), engine \(name)" }

  package var permissions: [CloudPermission] {
    [
      CloudPermission("ec2:CreateVolume", on: "*", "to make the volume"),
      CloudPermission("ec2:CreateTags", on: "arn:aws:ec2:*:*:volume/*", "to mark it (with the condition ec2:CreateAction = CreateVolume)"),
      CloudPermission("ec2:DescribeVolumes", on: "*", "to wait for it, and to prove before deleting whose it is"),
      CloudPermission(
        "ec2:DeleteVolume", on: "arn:aws:ec2:*:*:volume/*", "to delete it (with the condition that it has the tag drillmark:run)"),
    ]
  }

  package func preflight(_ context: EngineContext) async throws -> EngineIdentity {
    let connection = connection
    let region = try await onThread("aws region") { () -> String? in
      _ = try connection.credentials()
      return try connection.region()
    }
    guard let region else { return EngineIdentity(version: "ebs", isolation: nil) }
    return EngineIdentity(version: "ebs, account \(try await callerIdentity(connection, region: region).account)", isolation: nil)
  }

  package func inspect(_ head: ContentHead) throws -> BackupIdentity {
    let point = try EBSRecoveryPoint(handle: head.name)
    guard options.zone.hasPrefix(point.region) else {
      throw Fault(
        .configuration, "the zone \(options.zone) is not in \(point.region), where the snapshot is", advice: "Correct `zone` or `region`")
    }
    return BackupIdentity(format: point.description, intake: .handle, takenAt: point.takenAt)
  }

  package func creations(for head: ContentHead) throws -> [String] {
    let point = try EBSRecoveryPoint(handle: head.name)
    let size = point.gibibytes.map { "\($0) GiB" } ?? "of the snapshot's size"
    let type = options.type.map { ", \($0)" } ?? ""
    return ["EBS volume drillmark-<run> in \(options.zone), tagged drillmark:run: \(size)\(type), bills by its size while it exists"]
  }

  package func provision(_ context: EngineContext, for identity: BackupIdentity) async throws -> any ScratchTarget {
    EBSTarget(options, connection: connection, pace: pace, context: context)
  }
}

/// The volume of one run.
final class EBSTarget: ScratchTarget {
  private let options: EBSEngine.Options
  private let connection: AWSConnection
  private let pace: Pace
  private let context: EngineContext
  private let made = Mutex<EBSVolume?>(nil)

  init(_ options: EBSEngine.Options, connection: AWSConnection, pace: Pace, context: EngineContext) {
    self.options = options
    self.connection = connection
    self.pace = pace
    self.context = context
  }

  func restore(_ content: BackupContent) async throws -> RestoreReport {
    guard case .handle(let handle) = content else { throw Fault(.internalError, "the engine ebs was given bytes") }
    let point = try EBSRecoveryPoint(handle: handle)
    let account = try await callerIdentity(connection, region: point.region).account
    let begin = context.clocks.elapsed()
    let volume = EBSVolume(
      connection: connection, place: EBSVolume.place(of: context.run, region: point.region, account: account), run: context.run, pace: pace)
    try await context.journal.intend(volume.row)
    made.withLock { $0 = volume }
    try await volume.make(of: point, zone: options.zone, type: options.type, tags: RunTags.of(context.run, labels: context.labels))
    try await context.journal.made(volume.row)
    return RestoreReport(
      engineTime: context.clocks.elapsed() - begin,
      notes: [
        "a volume was made of \(point.snapshot) and is available; it was not attached, so nothing in it was looked at",
        "EC2 calls a volume available before its blocks are loaded: what is read for the first time is fetched from the snapshot",
      ])
  }

  func awaitReady() async throws {}
  func probes() async throws -> Probes { Probes() }
  var access: [String] { [] }

  func destroy() async throws {
    guard let volume = made.withLock({ $0 }) else { return }
    try await volume.remove(wasMade: false)
    try await context.journal.gone(volume.row)
    made.withLock { $0 = nil }
  }
}
