package import AWSClient
import AWSKit
package import DrillConfig
package import DrillModel
package import EngineKit
import ToolRunner

/// Has Amazon EC2 make a volume of a snapshot, and deletes it. On an EC2 instance, where the drill asks for it, the volume is attached and
/// mounted read-only in between; else what is in it is not looked at, and a run is never more than `could_not_verify`.
package struct EBSEngine: RestoreEngine {
  private let options: EBSOptions
  private let connection: AWSConnection
  private let pace: Pace
  private let devices: BlockDevices

  init(_ options: EBSOptions, connection: AWSConnection, pace: Pace = Pace(), devices: BlockDevices = BlockDevices()) {
    self.options = options
    self.connection = connection
    self.pace = pace
    self.devices = devices
  }

  /// What the registry lists.
  ///
  /// - Parameter aws: Shared with whatever else of the process asks AWS.
  package static func kind(aws: AWSConnections) -> Kind<any RestoreEngine> {
    Kind(
      name: "ebs",
      summary:
        "Snapshots of Amazon EBS volumes, into a volume that is made for the run and deleted after it; on an EC2 instance it is mounted too.",
      section: EBSOptions.section, initial: EBSOptions()
    ) { options, context in
      if options.zone == nil, options.attach == nil {
        context.report("the key zone is missing: nothing says in which availability zone to make the volume", at: "zone")
      }
      return EBSEngine(options, connection: aws.connection(context.aws), devices: .ofThisMachine(aws.host.environment))
    }
  }

  package var name: String { "ebs" }
  package var provides: ProbeKinds { [.files] }
  package var restoresHandles: Bool { true }

  package func place(scratch: String) -> String {
    let zone = options.zone ?? "the zone of this instance"
    return "a new volume in \(zone), engine \(name)" + (options.attach == nil ? "" : ", mounted read-only in \(scratch)")
  }

  package var permissions: [CloudPermission] {
    let volumes = "arn:aws:ec2:*:*:volume/*"
    let basic = [
      CloudPermission("ec2:CreateVolume", on: "*", "to make the volume"),
      CloudPermission("ec2:CreateTags", on: volumes, "to mark it (with the condition ec2:CreateAction = CreateVolume)"),
      CloudPermission("ec2:DescribeVolumes", on: "*", "to wait for it, and to prove before deleting whose it is"),
      CloudPermission("ec2:DeleteVolume", on: volumes, "to delete it (with the condition that it has the tag drillmark:run)"),
    ]
    guard options.attach != nil else { return basic }
    return basic
      + ["ec2:AttachVolume", "ec2:DetachVolume"].flatMap { action in
        [
          CloudPermission(action, on: volumes, "to look into it (with the condition that it has the tag drillmark:run)"),
          CloudPermission(action, on: "arn:aws:ec2:*:*:instance/*", "to look into it on the instance that the drill runs on"),
        ]
      }
  }

  package func preflight(_ context: EngineContext) async throws -> EngineIdentity {
    let account = try await presentAccount(connection)
    let owner = account.map { ", account \($0)" } ?? ""
    guard options.attach != nil else { return EngineIdentity(version: "ebs\(owner)", isolation: nil) }
    let host = try await EBSHost.find(connection)
    try host.confirm(zone: options.zone, account: account)
    _ = try VolumeMount.program(context.tools)
    try VolumeMount.confirmRights()
    return EngineIdentity(
      version: "ebs\(owner), instance \(host.instance)", isolation: "mounted read-only, without devices, programs and set-user-id bits")
  }

  package func inspect(_ head: ContentHead) throws -> BackupIdentity {
    let point = try EBSRecoveryPoint(handle: head.name)
    if let zone = options.zone, !zone.hasPrefix(point.region) {
      throw Fault(
        .configuration, "the zone \(zone) is not in \(point.region), where the snapshot is", advice: "Correct `zone` or `region`")
    }
    return BackupIdentity(format: point.description, intake: .handle, takenAt: point.takenAt)
  }

  package func creations(for head: ContentHead) throws -> [String] {
    let point = try EBSRecoveryPoint(handle: head.name)
    let size = point.gibibytes.map { "\($0) GiB" } ?? "of the snapshot's size"
    let type = options.type.map { ", \($0)" } ?? ""
    let zone = options.zone ?? "the zone of this instance"
    let volume = "EBS volume drillmark-<run> in \(zone), tagged drillmark:run: \(size)\(type), bills by its size while it exists"
    guard let attach = options.attach else { return [volume] }
    let place = attach.device.map { "as \($0)" } ?? "under a free name of /dev/sdf to /dev/sdp"
    let content = "\(attach.partition.map { "partition \($0)" } ?? "it"), \(attach.fileSystem?.rawValue ?? "ext4 or xfs")"
    return [volume, "its attachment to the EC2 instance that the drill runs on, \(place)", "a read-only mount of \(content)"]
  }

  package func provision(_ context: EngineContext, for identity: BackupIdentity) async throws -> any ScratchTarget {
    EBSTarget(options, connection: connection, pace: pace, devices: devices, context: context)
  }
}
