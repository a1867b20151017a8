import AWSClient
import DrillModel
import ToolRunner

/// The EC2 instance that the drill runs on, which volumes can be attached to.
struct EBSHost: Sendable, Hashable {
  let identity: InstanceIdentity

  var instance: String { identity.instance }

  /// - Throws: `Fault` with code `configuration` where this machine is no instance, or will not say which.
  static func find(_ connection: AWSConnection) async throws -> EBSHost {
    do {
      if let identity = try await onThread("instance", { try connection.instanceIdentity() }) { return EBSHost(identity: identity) }
    } catch let fault as Fault {
      throw refusal("this machine's metadata service does not say which instance it is: \(fault.message)")
    }
    throw refusal("this machine is no EC2 instance, or its metadata service is out of reach or switched off")
  }

  private static func refusal(_ why: String) -> Fault {
    Fault(
      .configuration, "the volume cannot be attached here, as `attach` asks for: \(why)",
      advice:
        "Run the drill on an EC2 instance in the snapshot's region (in a container, with a hop limit of 2), or leave `attach` out: the volume "
        + "is then made and not looked into"
    )
  }

  /// - Throws: `Fault` with code `configuration` for a volume that this instance could not attach.
  func confirm(zone: String?, account: String?) throws {
    if let zone, zone != identity.zone {
      throw Fault(
        .configuration, "the volume cannot be attached: \(instance) is in \(identity.zone), and `zone` is \(zone)",
        advice: "Leave `zone` out, or run the drill on an instance in \(zone)")
    }
    if let account, account != identity.account {
      throw Fault(
        .configuration, "the volume cannot be attached: \(instance) belongs to account \(identity.account), the credentials to \(account)",
        advice: "Run the drill with credentials of the instance's own account")
    }
  }

  /// - Throws: `Fault` with code `configuration` for a snapshot of another region.
  func confirm(region: String) throws {
    guard region == identity.region else {
      throw Fault(
        .configuration, "the volume cannot be attached: \(instance) is in \(identity.region), and the snapshot in \(region)",
        advice: "Run the drill on an instance in \(region), or copy the snapshot")
    }
  }
}
