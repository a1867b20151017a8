import AWSClient
import AWSKit
import DrillModel
import EngineKit
import HTTPTransport

/// The volume that one run makes. EC2 names it itself, so it is known by its name tag and the run's tag; its row in the ledger says region and
/// account too.
struct EBSVolume: Sendable {
  static let kind = "ebs-volume"

  let connection: AWSConnection
  let place: AWSResourceName
  let run: RunID
  let pace: Pace

  init(connection: AWSConnection, place: AWSResourceName, run: RunID, pace: Pace) {
    self.connection = connection
    self.place = place
    self.run = run
    self.pace = pace
  }

  /// The row of a run's volume.
  static func place(of run: RunID, region: String, account: String) -> AWSResourceName {
    AWSResourceName(service: "ec2", region: region, account: account, resource: "volume/\(ScratchName.of(run))")
  }

  /// Reads a row; nil when we did not write it.
  static func place(_ row: ScratchResource) -> AWSResourceName? {
    guard let place = AWSResourceName(row.name), place.service == "ec2",
      place.resource.wholeMatch(of: /volume\/drillmark-[0-9a-z]{26}/) != nil
    else { return nil }
    return place
  }

  var row: ScratchResource { ScratchResource(kind: EBSVolume.kind, name: place.text) }
  private var name: String { ScratchName.of(run) }

  static func remains(_ place: AWSResourceName) -> String {
    let name = place.resource.split(separator: "/").last ?? ""
    return
      "The EBS volume tagged Name=\(name) in \(place.region) (account \(place.account)) bills as long as it exists. Remove it by hand: "
      + "aws ec2 delete-volume --region \(place.region) --volume-id \(EBSVolume.lookUp(String(name), in: place.region))"
  }

  /// What a shell makes the id of the volume of that name of.
  static func lookUp(_ name: String, in region: String) -> String {
    "$(aws ec2 describe-volumes --region \(region) --filters Name=tag:Name,Values=\(name) --query 'Volumes[0].VolumeId' --output text)"
  }

  // MARK: Making

  /// Makes it and waits until it is there. Its token keeps it one volume however often it is asked for.
  ///
  /// - Throws: `Fault`, also for a state of which nothing will come.
  func make(of point: EBSRecoveryPoint, zone: String, type: String?, tags: [String: String]) async throws -> EC2Volume {
    let request = EC2VolumeRequest(
      snapshot: point.snapshot, zone: zone, type: type, token: name, tags: tags.merging(["Name": name]) { $1 })
    do { _ = try await ask { try $0.create(request) } } catch let failure as AWSFailure { throw EBSVolume.refusal(failure) }
    var (looks, unseen, locked) = (0, Duration.zero, Duration.zero)
    while true {
      do {
        let made = try await found().first
        locked = .zero
        switch made?.state {
        case "available": if let made { return made }
        case "error":
          throw Fault(
            .restoreFailed, "EC2 could not make the volume of \(point.snapshot)",
            advice: "If the snapshot is encrypted, look whether its key can be used; else look at the snapshot")
        default: break
        }
        unseen = made == nil ? unseen + min(pace.interval, .seconds(looks + 1)) : .zero
        if unseen > .seconds(60) { throw EBSVolume.gone(point) }
      } catch let failure as AWSFailure where !failure.isPassing || locked > pace.reach {
        throw failure.fault(during: "waiting for the volume", action: "ec2:DescribeVolumes", else: .sourceUnreachable)
      } catch let failure as AWSFailure {
        try Task.checkCancellation()
        // Credentials that nobody renews would hold it, and bill, until the deadline.
        if failure.isAboutCredentials { locked += min(pace.interval, .seconds(looks + 1)) }
      }
      looks += 1
      try await pace.wait(after: looks)
    }
  }

  /// EC2 takes an encrypted volume back without a word when its key cannot be used ("EBS encryption", Amazon EBS User Guide).
  private static func gone(_ point: EBSRecoveryPoint) -> Fault {
    Fault(
      .scratchUnusable, "the volume of \(point.snapshot) is gone: somebody else deleted it, or EC2 did",
      advice: point.isEncrypted
        ? "Let the drill's role use the snapshot's key (docs/aws.md); if the key is gone, nobody can restore this backup"
        : "See in CloudTrail who did")
  }

  private static func refusal(_ failure: AWSFailure) -> Fault {
    let words = "EC2 refuses to make a volume of it: \(failure)"
    if failure.isPassing { return failure.fault(during: "making a volume", action: "ec2:CreateVolume", else: .sourceUnreachable) }
    switch failure.code {
    case "InvalidSnapshot.NotFound": return Fault(.backupUnreadable, words, advice: "The snapshot was deleted since it was listed")
    case "IncorrectState": return Fault(.backupUnreadable, words, advice: "Look at the snapshot's state")
    case let code where code.hasSuffix("LimitExceeded"): return Fault(.scratchUnusable, words, advice: "Raise the account's quota")
    case let code where code.hasPrefix("Insufficient"):
      return Fault(.scratchUnusable, words, advice: "Try again later, or give another `zone` or `volume-type`", isTransient: true)
    case let code where code.hasPrefix("InvalidKmsKey") || code.contains("KMS"):
      return Fault(.permissionDenied, words, advice: "Let the drill's role use the key; if it is gone, nobody can restore this backup")
    default: return failure.fault(during: "making a volume", action: "ec2:CreateVolume", else: .configuration)
    }
  }

  // MARK: Removing

  /// Deletes what carries the run's tags and is of its time; returns when it is gone. One that is gone is a success.
  ///
  /// - Parameter patience: How long it is looked for before its absence counts: the request may still be on its way.
  /// - Throws: `Fault` with code `scratch_unusable`.
  func remove(patience: Duration) async throws {
    guard place.resource == "volume/\(name)" else { throw left("its row was not made for run \(run)") }
    var isOwnAccount = false
    try await pace.untilGone(
      patience: patience, tolerating: { $0.code == "IncorrectState" || $0.code == "VolumeInUse" },
      refused: { failure in
        let fault = failure.fault(during: "removing the volume", action: "ec2:DeleteVolume", else: .scratchUnusable)
        return Fault(.scratchUnusable, fault.description, advice: EBSVolume.remains(place))
      },
      step: { _ in
        if !isOwnAccount { try await confirmAccount() }
        isOwnAccount = true
        let volumes = try await found()
        for volume in volumes { try await delete(volume) }
        return !volumes.isEmpty
      })
  }

  private func delete(_ volume: EC2Volume) async throws {
    guard volume.state != "deleting" else { return }
    try confirmOwn(volume)
    if let attachment = volume.attachments.first(where: { !$0.state.hasPrefix("detach") }) {
      throw left("\(volume.id) is attached to \(attachment.instance), and no drill leaves it so")
    }
    // EC2 may call it in use for a moment after it was taken off.
    guard volume.state != "in-use" else { return }
    let id = volume.id
    try await ask { try $0.delete(id) }
  }

  /// What is not there under another account's credentials is not gone.
  ///
  /// - Throws: `AWSFailure`, `Fault` with code `scratch_unusable`.
  func confirmAccount() async throws {
    let account = try await rawCallerIdentity(connection, region: place.region).account
    guard account == place.account else {
      throw left("the credentials lead to account \(account), and it was made in account \(place.account)")
    }
  }

  /// Tags can be copied; nothing that is older than the run can be what it made. The clocks of AWS and of this machine may differ by as
  /// much as a wrong time zone makes.
  ///
  /// - Throws: `Fault` with code `scratch_unusable`.
  func confirmOwn(_ volume: EC2Volume) throws {
    guard let created = volume.createdAt, created >= run.time - .seconds(86_400) else { throw left("\(volume.id) is older than the run") }
  }

  private func left(_ why: String) -> Fault {
    Fault(.scratchUnusable, "\(EBSVolume.kind) \(place.text) is left alone: \(why)", advice: EBSVolume.remains(place))
  }

  /// What has both tags and is not deleted.
  func found() async throws -> [EC2Volume] {
    let name = name
    return try await ask { try $0.volumes(("tag:Name", name)) }.filter { $0.state != "deleted" && RunTags.belong($0.tags, to: run) }
  }

  func ask<T: Sendable>(_ body: @escaping @Sendable (EC2Client) throws -> T) async throws -> T {
    let (connection, region) = (connection, place.region)
    return try await askAWS { http, options in try body(EC2Client(connection, region: region, http: http, options: options)) }
  }
}
