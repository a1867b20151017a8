import AWSClient
import AWSKit
import DrillModel
import EngineKit

/// A run's volume on the instance that the run is on. Its row in the ledger says which instance that was.
struct EBSAttachment: Sendable {
  static let kind = "ebs-attachment"
  /// Those that EC2 recommends for EBS volumes ("Device names for volumes", Amazon EBS User Guide).
  static let recommendedNames = "fghijklmnop".map { "/dev/sd\($0)" }
  /// How long EC2 may take to attach it; it takes seconds, or for ever.
  private static let patience = Duration.seconds(300)
  /// How long the instance is asked to let go of it before it is taken away.
  private static let politeness = Duration.seconds(120)

  let volume: EBSVolume
  let instance: String

  private var run: RunID { volume.run }
  private var pace: Pace { volume.pace }

  var place: AWSResourceName {
    var place = volume.place
    place.resource = "instance/\(instance)/\(ScratchName.of(run))"
    return place
  }

  var row: ScratchResource { ScratchResource(kind: EBSAttachment.kind, name: place.text) }

  /// The instance that a row names; nil when we did not write it for that run.
  static func instance(_ row: AWSResourceName, of run: RunID) -> String? {
    let parts = row.resource.split(separator: "/").map(String.init)
    guard row.service == "ec2", parts.count == 3, parts[0] == "instance", parts[1].hasPrefix("i-"), parts[2] == ScratchName.of(run) else {
      return nil
    }
    return parts[1]
  }

  static func remains(_ place: AWSResourceName) -> String {
    let parts = place.resource.split(separator: "/").map(String.init)
    let (instance, name) = parts.count == 3 ? (parts[1], parts[2]) : ("", "")
    return
      "The EBS volume tagged Name=\(name) in \(place.region) (account \(place.account)) stays attached to \(instance). Take it off by hand: "
      + "aws ec2 detach-volume --region \(place.region) --volume-id \(EBSVolume.lookUp(name, in: place.region))"
  }

  // MARK: Making

  /// Attaches a volume under the first of the names that is free, and waits until it is.
  ///
  /// - Returns: The name that it has now.
  /// - Throws: `Fault`, also when EC2 takes too long.
  func make(_ made: EC2Volume, under names: [String]) async throws -> String {
    try await request(made.id, names)
    let quick = Pace(interval: min(pace.interval, .seconds(1)), patience: pace.patience, reach: pace.reach, sleep: pace.sleep)
    var (looks, waited, wasSeen, misses) = (0, Duration.zero, false, 0)
    while waited < EBSAttachment.patience {
      do {
        if let state = try await look(made.id) {
          (wasSeen, misses) = (true, 0)
          if state.state == "attached" { return state.device }
          if state.state.hasPrefix("detach") { throw gaveUp("somebody takes it off again") }
        } else {
          misses += 1
          // Twice, so that one odd answer does not pass for the end.
          if wasSeen, misses > 1 { throw gaveUp("EC2 took it off again, which it does when the instance may not use the volume's key") }
        }
      } catch let failure as AWSFailure where failure.isPassing {
        try Task.checkCancellation()
      }
      looks += 1
      waited += quick.interval
      try await quick.wait(after: looks)
    }
    throw gaveUp("EC2 had not done so after \(EBSAttachment.patience.readable)")
  }

  private func gaveUp(_ why: String) -> Fault {
    Fault(.scratchUnusable, "the volume was not attached to \(instance): \(why)", advice: "Look at the instance and the volume in EC2")
  }

  /// As EC2 describes it on this instance; nil when it is not there.
  ///
  /// - Throws: `AWSFailure` for what can pass, else `Fault`.
  private func look(_ id: String) async throws -> EC2Volume.Attachment? {
    do {
      guard let found = try await volume.found().first(where: { $0.id == id }) else {
        throw gaveUp("the volume is gone: somebody else deleted it")
      }
      if let foreign = found.attachments.first(where: { $0.instance != instance }) {
        throw gaveUp("it is attached to \(foreign.instance), which this drill did not do")
      }
      return found.attachments.first { $0.state != "detached" }
    } catch let failure as AWSFailure where !failure.isPassing {
      throw failure.fault(during: "waiting for the attachment", action: "ec2:DescribeVolumes", else: .scratchUnusable)
    }
  }

  /// Asks for it. A reply that was lost shows in the look that follows.
  private func request(_ id: String, _ names: [String]) async throws {
    for name in names {
      do {
        let instance = instance
        return try await volume.ask { try $0.attach(id, to: instance, as: name) }
      } catch let failure as AWSFailure {
        // An earlier request of ours came through, or it is somebody else's, which the look tells.
        if failure.code == "VolumeInUse" || failure.kind == .maybeDone { return }
        guard failure.code == "InvalidParameterValue", "\(failure)".contains("in use") else { throw EBSAttachment.refusal(failure) }
      }
    }
    throw Fault(
      .scratchUnusable,
      "the volume was not attached to \(instance): \(names.count == 1 ? "\(names[0]) is" : "all of its device names are") taken",
      advice: "Give another `device`, or see what is attached to the instance")
  }

  private static func refusal(_ failure: AWSFailure) -> Fault {
    let words = "EC2 refuses to attach the volume: \(failure)"
    switch failure.code {
    case "AttachmentLimitExceeded": return Fault(.scratchUnusable, words, advice: "Take volumes off the instance, or use a larger one")
    case "IncorrectState", "IncorrectInstanceState": return Fault(.scratchUnusable, words, advice: "Look at the instance's state")
    default: return failure.fault(during: "attaching the volume", action: "ec2:AttachVolume", else: .scratchUnusable)
    }
  }

  // MARK: Removing

  /// Takes the volume off the instance and returns when it is. One that is not attached is a success; so is one that is gone.
  ///
  /// - Parameter patience: How long it is looked for before its absence counts.
  /// - Throws: `Fault` with code `scratch_unusable`.
  func remove(patience: Duration) async throws {
    if let place = try MountTable.current().place(of: run) { throw left("it is still mounted at \(place)") }
    var isOwnAccount = false
    try await pace.untilGone(
      patience: patience,
      refused: { failure in
        let fault = failure.fault(during: "detaching the volume", action: "ec2:DetachVolume", else: .scratchUnusable)
        return Fault(.scratchUnusable, fault.description, advice: EBSAttachment.remains(place))
      },
      step: { waited in
        if !isOwnAccount { try await volume.confirmAccount() }
        isOwnAccount = true
        let attached = try await volume.found().filter { found in
          found.attachments.contains { $0.instance == instance && $0.state != "detached" }
        }
        for found in attached { try await detach(found, isForced: waited >= EBSAttachment.politeness) }
        return !attached.isEmpty
      })
  }

  private func detach(_ found: EC2Volume, isForced: Bool) async throws {
    try volume.confirmOwn(found)
    let isAsked = found.attachments.contains { $0.instance == instance && $0.state == "detaching" }
    guard !isAsked || isForced else { return }
    let (id, host) = (found.id, instance)
    try await volume.ask { try $0.detach(id, from: host, isForced: isForced) }
  }

  private func left(_ why: String) -> Fault {
    Fault(.scratchUnusable, "\(EBSAttachment.kind) \(place.text) is left alone: \(why)", advice: EBSAttachment.remains(place))
  }
}
