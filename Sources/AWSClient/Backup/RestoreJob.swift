package import DrillModel

/// A restore job of AWS Backup ("DescribeRestoreJob", AWS Backup API Reference).
package struct RestoreJob: Sendable, Hashable, Decodable {
  package var id: String
  package var status: Status
  package var statusMessage: String?
  package var recoveryPoint: String
  /// When the recovery point was created; nil when AWS Backup does not say.
  package var takenAt: Timestamp?
  /// The ARN of what was made; missing until it is there.
  package var created: String?
  /// `RDS`, `Aurora`, `EBS`, `S3`, …
  package var resourceType: String?
  package var began: Timestamp?
  package var ended: Timestamp?

  package enum Status: Sendable, Hashable {
    case underWay
    case completed
    /// It made nothing: what AWS Backup calls that.
    case ended(String)
  }

  /// How long the restore took; nil when it has no end, or one before its beginning.
  package var duration: Duration? {
    guard let began, let ended, ended >= began else { return nil }
    return ended - began
  }

  package init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    id = try values.decode(String.self, forKey: .id)
    let status = try values.decode(String.self, forKey: .status)
    self.status =
      switch status {
      case "PENDING", "RUNNING", "CREATED": .underWay
      case "COMPLETED": .completed
      default: .ended(status)
      }
    statusMessage = try values.decodeIfPresent(String.self, forKey: .statusMessage)
    recoveryPoint = try values.decodeIfPresent(String.self, forKey: .recoveryPoint) ?? ""
    created = try values.decodeIfPresent(String.self, forKey: .created)
    resourceType = try values.decodeIfPresent(String.self, forKey: .resourceType)
    takenAt = try values.time(.takenAt)
    began = try values.time(.began)
    ended = try values.time(.ended)
  }

  enum CodingKeys: String, CodingKey {
    case id = "RestoreJobId"
    case status = "Status"
    case statusMessage = "StatusMessage"
    case recoveryPoint = "RecoveryPointArn"
    case takenAt = "RecoveryPointCreationDate"
    case created = "CreatedResourceArn"
    case resourceType = "ResourceType"
    case began = "CreationDate"
    case ended = "CompletionDate"
  }
}

/// A recovery point in a vault ("RecoveryPointByBackupVault", AWS Backup API Reference).
package struct BackupPoint: Sendable, Hashable, Decodable {
  package var arn: String
  /// What it is of.
  package var resource: String
  /// `COMPLETED`, `PARTIAL`, `CREATING`, `AVAILABLE`, `EXPIRED`, `DELETING`, `STOPPED`.
  package var status: String
  package var statusMessage: String?
  package var createdAt: Timestamp?
  package var bytes: Int64?

  /// Whether it follows its resource, so that it has no moment of its own ("Continuous backups", AWS Backup Developer Guide).
  package var isContinuous: Bool { arn.contains(":recovery-point:continuous:") }

  package init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    arn = try values.decode(String.self, forKey: .arn)
    resource = try values.decodeIfPresent(String.self, forKey: .resource) ?? ""
    status = try values.decodeIfPresent(String.self, forKey: .status) ?? ""
    statusMessage = try values.decodeIfPresent(String.self, forKey: .statusMessage)
    createdAt = try values.time(.createdAt)
    bytes = try values.decodeIfPresent(Int64.self, forKey: .bytes)
  }

  enum CodingKeys: String, CodingKey {
    case arn = "RecoveryPointArn"
    case resource = "ResourceArn"
    case status = "Status"
    case statusMessage = "StatusMessage"
    case createdAt = "CreationDate"
    case bytes = "BackupSizeInBytes"
  }
}

extension KeyedDecodingContainer {
  /// Seconds since 1970 with a fraction, which is how this protocol writes times ("Timestamp formats", Smithy); nil for what is no time.
  fileprivate func time(_ key: Key) throws -> Timestamp? {
    guard let seconds = try decodeIfPresent(Double.self, forKey: key), (0..<1e11).contains(seconds) else { return nil }
    return Timestamp(milliseconds: Int64((seconds * 1000).rounded()))
  }
}
