package import DrillModel

/// A snapshot of a volume as EC2 lists it ("Snapshot", Amazon EC2 API Reference).
package struct EC2Snapshot: Sendable, Hashable {
  package var id: String
  package var volume: String
  /// `pending`, `completed`, `error`, `recoverable`, `recovering`.
  package var state: String
  package var progress: String?
  /// When it was begun, which is the moment that its data is of, unless it is a copy.
  package var startedAt: Timestamp?
  package var gibibytes: Int?
  package var isEncrypted: Bool
  /// Whether it lies in the archive tier, from which it must be brought back first.
  package var isArchived: Bool
  /// Whether it was copied from another snapshot, so that it was begun later than its data was taken.
  package var isCopy: Bool

  init?(_ element: XMLElement) {
    func text(_ name: String) -> String? { element.text(name).flatMap { $0.isEmpty ? nil : $0 } }
    guard let id = text("snapshotId"), let state = text("status") else { return nil }
    self.id = id
    self.state = state.lowercased()
    volume = text("volumeId") ?? ""
    progress = text("progress")
    startedAt = text("startTime").flatMap { Timestamp(rfc3339: $0) }
    gibibytes = text("volumeSize").flatMap { Int($0) }
    isEncrypted = text("encrypted") == "true"
    isArchived = text("storageTier")?.lowercased() == "archive"
    // A copy has no volume of its own but one that is all `f`; newer answers say how it was transferred, and the console how it came.
    isCopy =
      volume.wholeMatch(of: /vol-f+/) != nil || text("transferType") != nil || text("description")?.hasPrefix("[Copied snap-") == true
  }
}

/// A volume as EC2 lists it ("Volume", Amazon EC2 API Reference).
package struct EC2Volume: Sendable, Hashable {
  package var id: String
  /// `creating`, `available`, `in-use`, `deleting`, `deleted`, `error`.
  package var state: String
  package var createdAt: Timestamp?
  package var gibibytes: Int?
  package var tags: [String: String]
  /// Where it is, or is about to be, attached.
  package var attachments: [Attachment]

  /// ("VolumeAttachment", Amazon EC2 API Reference)
  package struct Attachment: Sendable, Hashable {
    package var instance: String
    /// As it was asked for, such as `/dev/sdf`; the machine's kernel may call it otherwise.
    package var device: String
    /// `attaching`, `attached`, `detaching`, `detached`, `busy`.
    package var state: String
  }

  init?(_ element: XMLElement) {
    guard let id = element.text("volumeId"), !id.isEmpty else { return nil }
    self.id = id
    state = element.text("status")?.lowercased() ?? ""
    createdAt = element.text("createTime").flatMap { Timestamp(rfc3339: $0) }
    gibibytes = element.text("size").flatMap { Int($0) }
    attachments = (element["attachmentSet"]?.children ?? []).map { item in
      Attachment(
        instance: item.text("instanceId") ?? "", device: item.text("device") ?? "", state: item.text("status")?.lowercased() ?? "")
    }
    let pairs = (element["tagSet"]?.children ?? []).compactMap { tag in tag.text("key").map { ($0, tag.text("value") ?? "") } }
    tags = Dictionary(pairs) { first, _ in first }
  }
}

/// A volume to be made of a snapshot.
package struct EC2VolumeRequest: Sendable, Hashable {
  package var snapshot: String
  package var zone: String
  package var type: String?
  /// The same token never makes a second volume.
  package var token: String
  package var tags: [String: String]

  package init(snapshot: String, zone: String, type: String?, token: String, tags: [String: String]) {
    self.snapshot = snapshot
    self.zone = zone
    self.type = type
    self.token = token
    self.tags = tags
  }

  var parameters: [(String, String)] {
    var all = [("SnapshotId", snapshot), ("AvailabilityZone", zone), ("ClientToken", token), ("TagSpecification.1.ResourceType", "volume")]
    if let type { all.append(("VolumeType", type)) }
    for (index, tag) in tags.sorted(by: { $0.key < $1.key }).enumerated() {
      all += [("TagSpecification.1.Tag.\(index + 1).Key", tag.key), ("TagSpecification.1.Tag.\(index + 1).Value", tag.value)]
    }
    return all
  }
}
