import DrillConfig

/// What a drill may say about a restore of an EBS snapshot.
struct EBSOptions: Sendable, Hashable {
  /// Nil takes the zone of the instance that the volume is attached to.
  var zone: String?
  var type: String?
  /// Nil looks at nothing in the volume.
  var attach: Attach?

  struct Attach: Sendable, Hashable {
    /// Nil takes the first of those that EC2 recommends and that is free.
    var device: String?
    /// Nil takes the one that is found.
    var fileSystem: FileSystem?
    var partition: Int?
    var path: String?
    var journal = Journal.replay

    static let section = Section<Attach>([
      Key(
        "device", \.device, .deviceName, default: "the first free one of /dev/sdf to /dev/sdp",
        "The name to attach the volume under, as EC2 has it; the kernel may use another."),
      Key(
        "file-system", \.fileSystem, .choice(of: FileSystem.named, named: FileSystem.allCases.map(\.rawValue)),
        default: "the one that is found", "The file system that must be there."),
      Key("partition", \.partition, .integer(1...128), default: "the whole volume", "The number of the partition that holds it."),
      Key("path", \.path, .pathWithin, default: "its root", "The directory in it that checks look at."),
      Key(
        "journal", \.journal, .choice(), default: "replay",
        "`replay` has the kernel finish what the journal holds, as a real restore would; `skip` leaves the volume as the snapshot has it."
      ),
    ])
  }

  enum FileSystem: String, Sendable, CaseIterable {
    case ext4, xfs

    /// The driver of ext4 mounts its forerunners too.
    static let named: [String: FileSystem] = ["ext2": .ext4, "ext3": .ext4, "ext4": .ext4, "xfs": .xfs]
  }

  enum Journal: String, Sendable, CaseIterable { case skip, replay }

  static let section = Section<EBSOptions>([
    Key(
      "zone", \.zone, .nonEmptyString, default: "with `attach`, that of this instance; else required",
      "The availability zone to make the volume in, such as eu-west-1a."),
    Key("volume-type", \.type, .nonEmptyString, default: "gp2, as EC2 has it", "The type of the volume, such as gp3."),
    Key(
      "attach", \.attach, .section(Attach.section, initial: Attach()), default: "the volume is not looked into",
      "Attach the volume to the EC2 instance that the drill runs on, and mount it read-only for the checks."),
  ])
}

extension ValueType where Value == String {
  /// A device name that EC2 takes for an EBS volume ("Device names for volumes", Amazon EBS User Guide), but for those of root volumes.
  fileprivate static var deviceName: ValueType<String> {
    let schema: SchemaJSON = ["type": "string", "pattern": "^/dev/(sd[b-z]|xvd[b-z]|xvd[b-d][a-z])$"]
    return ValueType(summary: "device name", schema: schema) { node, diagnostics in
      let text = node.scalar?.text ?? ""
      guard text.wholeMatch(of: /\/dev\/(sd[b-z]|xvd[b-z]|xvd[b-d][a-z])/) != nil else {
        diagnostics.error("expected a device name such as /dev/sdf", at: node.place)
        return nil
      }
      return text
    }
  }

  /// A relative path that stays below where it starts.
  fileprivate static var pathWithin: ValueType<String> {
    let schema: SchemaJSON = ["type": "string", "pattern": "^[^/]", "not": ["pattern": "(^|/)\\.\\.(/|$)"]]
    return ValueType(summary: "relative path", schema: schema) { node, diagnostics in
      let text = node.scalar?.text ?? ""
      guard !text.isEmpty, !text.hasPrefix("/"), !text.split(separator: "/").contains("..") else {
        diagnostics.error("expected a path relative to the file system's root, without `..`", at: node.place)
        return nil
      }
      return text
    }
  }
}
