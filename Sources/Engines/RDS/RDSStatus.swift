import DrillModel

/// What the status of an instance or a cluster means for a restore ("Viewing DB instance status", Amazon RDS User Guide).
enum RDSStatus: Sendable, Hashable {
  case ready
  case underWay
  case over(Fault)

  init(_ status: String, of name: String) {
    switch status {
    case "available", "storage-optimization", "storage-initialization": self = .ready
    case "failed", "restore-error", "cloning-failed", "migration-failed":
      self = .over(RDSStatus.fault(.restoreFailed, name, status, "RDS could not make it of the recovery point", nil))
    case "incompatible-restore":
      self = .over(RDSStatus.fault(.restoreFailed, name, status, "the recovery point cannot be restored as it is", nil))
    case "incompatible-network":
      self = .over(
        RDSStatus.fault(.configuration, name, status, "its network cannot take it", "Check `subnet-group` and its free addresses"))
    case "incompatible-parameters":
      self = .over(
        RDSStatus.fault(
          .configuration, name, status, "it cannot start with its parameters",
          "Check `parameter-group`, and that the class has the memory it asks for"))
    case "incompatible-option-group":
      self = .over(RDSStatus.fault(.configuration, name, status, "its option group does not fit", "Check `option-group`"))
    case "incompatible-credentials", "incompatible-create":
      self = .over(
        RDSStatus.fault(.configuration, name, status, "RDS cannot set it up as it is asked for", "Look at its events in the console"))
    case "insufficient-capacity":
      self = .over(
        RDSStatus.fault(.scratchUnusable, name, status, "AWS has no room for its class there now", "Try again, or give another `class`"))
    case "storage-full":
      self = .over(RDSStatus.fault(.noSpace, name, status, "its storage is full", "The original's was nearly full too: enlarge that one"))
    case "inaccessible-encryption-credentials", "inaccessible-encryption-credentials-recoverable":
      self = .over(RDSStatus.fault(.permissionDenied, name, status, RDSStatus.keyText, RDSStatus.keyAdvice))
    case "deleting", "stopping", "stopped":
      self = .over(RDSStatus.fault(.scratchUnusable, name, status, "somebody else ended it", "See in CloudTrail who did"))
    default: self = .underWay
    }
  }

  static let keyText = "its encryption key cannot be used"
  static let keyAdvice =
    "Let the drill's role use the key (kms:CreateGrant, kms:DescribeKey); if the key is disabled or deleted, nobody can restore this backup"

  private static func fault(_ code: FaultCode, _ name: String, _ status: String, _ meaning: String, _ advice: String?) -> Fault {
    Fault(code, "the restored \(name) ended as \(status): \(meaning)", advice: advice)
  }
}
