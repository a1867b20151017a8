import DrillConfig

/// What a drill may say about a restore in RDS.
struct RDSOptions: Sendable, Hashable {
  var instanceClass: String?
  var subnetGroup: String?
  var securityGroups: [String] = []
  var parameterGroup: String?
  var optionGroup: String?
  var kmsKey: String?
  var storageType: String?
  var iops: Int?
  var port: Int?
  /// Of Aurora Serverless v2; nil for a class with a fixed size.
  var capacity: ClosedRange<Double>?
  var database: String?
  var user: String?
  /// The password that the data came with; nil has a new one set.
  var password: SecretReference?
  var tls = TLS.verifyFull
  var certificateAuthorities: String?

  enum TLS: String, Sendable, CaseIterable {
    case verifyFull = "verify-full"
    case require
  }

  private struct Capacity: Sendable {
    var least = 0.5
    var most = 1.0

    static let section = Section<Capacity>([
      Key("min", \.least, .number(0...256), required: true, "The fewest capacity units, in steps of 0.5."),
      Key("max", \.most, .number(1...256), required: true, "The most capacity units, in steps of 0.5."),
    ])
  }

  static let section = Section<RDSOptions>([
    Key(
      "class", \.instanceClass, .instanceClass, default: "that of the original instance; needed for a cluster",
      "The class of the instance that is made, such as db.t4g.medium; it bills by the hour while it exists."),
    Key("subnet-group", \.subnetGroup, .nonEmptyString, default: "the account's default", "The DB subnet group, which gives the VPC."),
    Key(
      "security-groups", \.securityGroups, .list(of: .nonEmptyString), default: "the VPC's default",
      "Ids of VPC security groups; they must let this machine in."),
    Key("parameter-group", \.parameterGroup, .nonEmptyString, "The DB parameter group; of clusters where a cluster is restored."),
    Key("option-group", \.optionGroup, .nonEmptyString, "The option group."),
    Key("kms-key", \.kmsKey, .nonEmptyString, "For a cluster: the key to encrypt it with. RDS takes none for an instance."),
    Key("storage-type", \.storageType, .nonEmptyString, default: "that of the original", "The storage, such as gp3."),
    Key(
      "iops", \.iops, .integer(1000...256_000), default: "those of the original",
      "Input and output operations a second of the storage, of each instance of a Multi-AZ DB cluster; Aurora takes none."),
    Key(
      "serverless", .section(Capacity.section, initial: Capacity()),
      "For a cluster with `class: db.serverless`: the fewest (`min`) and the most (`max`) capacity units of Aurora Serverless v2."
    ) { capacity, options in options.capacity = min(capacity.least, capacity.most)...max(capacity.least, capacity.most) },
    Key("port", \.port, .integer(1150...65535), default: "that of the original", "The port to listen on."),
    Key("database", \.database, .nonEmptyString, default: "the one made with the instance, else postgres", "The database to check."),
    Key("user", \.user, .nonEmptyString, default: "the master user", "The role to ask as; only with `password`."),
    Key(
      "password", \.password, .secret, default: "a new one is set for the master user",
      "A secret that holds the password which the role had when the snapshot was taken."),
    Key(
      "tls", \.tls, .choice(), default: "verify-full",
      "`verify-full` proves the server by the authorities in `ca`; `require` encrypts without proof of whom it reaches."),
    Key(
      "ca", \.certificateAuthorities, .path, default: "the system's authorities, which are not those of RDS",
      "The file of authorities that AWS publishes for RDS (https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem)."),
  ])
}

extension ValueType where Value == String {
  /// `db.` and two words, or `db.serverless`.
  fileprivate static var instanceClass: ValueType<String> {
    let pattern = "^db\\.(serverless|[a-z0-9-]+\\.[a-z0-9-]+)$"
    return ValueType(summary: "instance class", schema: ["type": "string", "pattern": .string(pattern)]) { node, diagnostics in
      let text = node.scalar?.text ?? ""
      guard text.wholeMatch(of: /db\.(serverless|[a-z0-9-]+\.[a-z0-9-]+)/) != nil else {
        diagnostics.error("expected an instance class such as db.t4g.medium", at: node.place)
        return nil
      }
      return text
    }
  }
}
