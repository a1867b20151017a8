import AWSClient
import AWSKit
import DrillModel
import EngineKit
import Glibc
import Synchronization
import ToolRunner

/// The volume of one run, with its attachment and its mount where the drill asks for them.
final class EBSTarget: ScratchTarget {
  private let options: EBSOptions
  private let connection: AWSConnection
  private let pace: Pace
  private let devices: BlockDevices
  private let context: EngineContext
  private let made = Mutex<Made>(Made())

  /// What was begun, each before the one after it; undone in the other order.
  private struct Made {
    var volume: EBSVolume?
    var attachment: EBSAttachment?
    var mount: VolumeMount?
    /// Where checks look, once it is there.
    var root: String?
  }

  init(_ options: EBSOptions, connection: AWSConnection, pace: Pace, devices: BlockDevices, context: EngineContext) {
    self.options = options
    self.connection = connection
    self.pace = pace
    self.devices = devices
    self.context = context
  }

  // MARK: Restoring

  func restore(_ content: BackupContent) async throws -> RestoreReport {
    guard case .handle(let handle) = content else { throw Fault(.internalError, "the engine ebs was given bytes") }
    let point = try EBSRecoveryPoint(handle: handle)
    let account = try await callerIdentity(connection, region: point.region).account
    let host = options.attach == nil ? nil : try await EBSHost.find(connection)
    try host?.confirm(zone: options.zone, account: account)
    try host?.confirm(region: point.region)
    guard let zone = options.zone ?? host?.identity.zone else {
      throw Fault(.configuration, "nothing says in which zone to make the volume")
    }
    let begin = context.clocks.elapsed()
    let (volume, found) = try await makeVolume(of: point, zone: zone, account: account)
    var notes = [EBSTarget.lazyLoading]
    if let host, let attach = options.attach {
      let device = try await attachVolume(found, volume, to: host, attach)
      notes += try await mount(device, attach)
    } else {
      notes.insert("a volume was made of \(point.snapshot) and is available; \(EBSTarget.unattached)", at: 0)
    }
    return RestoreReport(engineTime: context.clocks.elapsed() - begin, notes: notes)
  }

  private static let lazyLoading =
    "EC2 calls a volume available before its blocks are loaded: what is read for the first time is fetched from the snapshot"
  private static let unattached = "it was not attached, because the drill has no `attach`, so nothing in it was looked at"

  private func makeVolume(of point: EBSRecoveryPoint, zone: String, account: String) async throws -> (EBSVolume, EC2Volume) {
    let volume = EBSVolume(
      connection: connection, place: EBSVolume.place(of: context.run, region: point.region, account: account), run: context.run, pace: pace)
    try await context.journal.intend(volume.row)
    made.withLock { $0.volume = volume }
    let found = try await volume.make(
      of: point, zone: zone, type: options.type, tags: RunTags.of(context.run, labels: context.labels))
    try await context.journal.made(volume.row)
    return (volume, found)
  }

  private func attachVolume(
    _ found: EC2Volume, _ volume: EBSVolume, to host: EBSHost, _ attach: EBSOptions.Attach
  ) async throws -> BlockDevices.Device {
    let attachment = EBSAttachment(volume: volume, instance: host.instance)
    let before = devices.names()
    try await context.journal.intend(attachment.row)
    made.withLock { $0.attachment = attachment }
    let name = try await attachment.make(found, under: attach.device.map { [$0] } ?? EBSAttachment.recommendedNames)
    try await context.journal.made(attachment.row)
    let wanted = BlockDevices.Wanted(volume: found.id, gibibytes: found.gibibytes, name: name, before: before)
    return try await devices.wait(for: wanted, partition: attach.partition, pace: pace)
  }

  /// Mounts it and gives what is worth knowing of it.
  private func mount(_ device: BlockDevices.Device, _ attach: EBSOptions.Attach) async throws -> [String] {
    let content = try await onThread("volume") { try VolumeContent.read(device) }
    let fileSystem = try content.fileSystem(wanted: attach.fileSystem, partition: attach.partition)
    let mount = VolumeMount(scratch: context.directory, run: context.run, pace: pace)
    try mount.makeDirectories()
    try await context.journal.intend(mount.row)
    made.withLock { $0.mount = mount }
    try await mount.mount(device, fileSystem, attach.journal, tools: context.tools)
    try await context.journal.made(mount.row)
    let root = try await onThread("volume") { try mount.directory(attach.path) }
    made.withLock { $0.root = root }
    return ["\(device.name) was mounted read-only as \(fileSystem.rawValue)"] + content.remarks(attach.journal)
  }

  // MARK: Asking

  func awaitReady() async throws {
    guard let root = made.withLock({ $0.root }) else { return }
    guard Glibc.access(root, R_OK | X_OK) == 0 else {
      throw Fault(.notReady, "the mounted directory \(root) cannot be read: \(String(cString: strerror(errno)))")
    }
  }

  func probes() async throws -> Probes { Probes(files: made.withLock { $0.root }.map(MountedFiles.init)) }
  var access: [String] { made.withLock { $0.root }.map { ["ls -la '\($0)'"] } ?? [] }

  // MARK: Removing

  func destroy() async throws {
    if let mount = made.withLock({ $0.mount }) {
      try await mount.remove()
      try await context.journal.gone(mount.row)
      made.withLock { ($0.mount, $0.root) = (nil, nil) }
    }
    if let attachment = made.withLock({ $0.attachment }) {
      try await attachment.remove(patience: pace.patience)
      try await context.journal.gone(attachment.row)
      made.withLock { $0.attachment = nil }
    }
    guard let volume = made.withLock({ $0.volume }) else { return }
    try await volume.remove(patience: pace.patience)
    try await context.journal.gone(volume.row)
    made.withLock { $0.volume = nil }
  }
}

private struct MountedFiles: FileProbe {
  let root: String
}
