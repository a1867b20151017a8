import DrillModel
package import HTTPTransport

/// The calls of Amazon EC2 that drills of volumes need (EC2 protocol 2016-11-15). Blocks its caller, and belongs to one thread at a time.
package final class EC2Client {
  private let caller: AWSCaller
  private let region: String
  private static let pageLimit = 500

  package init(_ connection: AWSConnection, region: String, http: any HTTPExchanging, options: HTTPOptions = HTTPOptions()) {
    var options = options
    options.bodyLimit = XMLReader.byteLimit
    caller = AWSCaller(connection, http: http, options: options)
    self.region = region
  }

  /// Snapshots of this account's own that fit a filter (`volume-id`, `tag:Name`), in no order.
  package func snapshots(_ filter: (name: String, value: String)) throws(AWSFailure) -> [EC2Snapshot] {
    try pages("DescribeSnapshots", [("Owner.1", "self")] + EC2Client.parameters(filter), list: "snapshotSet").compactMap { EC2Snapshot($0) }
  }

  /// Volumes that fit a filter; deleted ones may be among them for a while.
  package func volumes(_ filter: (name: String, value: String)) throws(AWSFailure) -> [EC2Volume] {
    try pages("DescribeVolumes", EC2Client.parameters(filter), list: "volumeSet").compactMap { EC2Volume($0) }
  }

  /// Asks for a volume, which is not there yet when this returns. May be repeated: its token keeps it one volume.
  package func create(_ request: EC2VolumeRequest) throws(AWSFailure) -> EC2Volume {
    let answer = try answer("CreateVolume", request.parameters)
    guard let volume = EC2Volume(answer) else { throw .unreadable("CreateVolume", mayBeDone: true) }
    return volume
  }

  /// Deletes a volume. One that is not there is a success.
  package func delete(_ volume: String) throws(AWSFailure) {
    do throws(AWSFailure) { _ = try answer("DeleteVolume", [("VolumeId", volume)]) } catch {
      if error.code != "InvalidVolume.NotFound" { throw error }
    }
  }

  /// Asks for a volume to be attached to an instance under a device name; it is not there yet when this returns. One that is attached
  /// already is refused with `VolumeInUse`, wherever it is attached.
  package func attach(_ volume: String, to instance: String, as device: String) throws(AWSFailure) {
    _ = try answer("AttachVolume", [("VolumeId", volume), ("InstanceId", instance), ("Device", device)])
  }

  /// Asks for a volume to be taken off an instance, which has not happened yet when this returns. One that is attached nowhere is a success.
  ///
  /// - Parameter isForced: Whether the instance is not waited for, which may lose what it has not written.
  package func detach(_ volume: String, from instance: String, isForced: Bool) throws(AWSFailure) {
    let force = isForced ? [("Force", "true")] : []
    do throws(AWSFailure) { _ = try answer("DetachVolume", [("VolumeId", volume), ("InstanceId", instance)] + force) } catch {
      if !["IncorrectState", "InvalidAttachment.NotFound", "InvalidVolume.NotFound"].contains(error.code) { throw error }
    }
  }

  private static func parameters(_ filter: (name: String, value: String)) -> [(String, String)] {
    // A filter reads these as patterns.
    let value = filter.value.replacing("\\", with: "\\\\").replacing("*", with: "\\*").replacing("?", with: "\\?")
    return [("Filter.1.Name", filter.name), ("Filter.1.Value.1", value)]
  }

  private func pages(_ action: String, _ parameters: [(String, String)], list: String) throws(AWSFailure) -> [XMLElement] {
    var found: [XMLElement] = []
    var token: String?
    for _ in 0..<EC2Client.pageLimit {
      let next = token.map { [("NextToken", $0)] } ?? []
      let result = try answer(action, parameters + [("MaxResults", "500")] + next)
      found += result[list]?.children ?? []
      guard let following = result.text("nextToken"), !following.isEmpty else { return found }
      guard following != token else { throw .unreadable(action, mayBeDone: false) }
      token = following
    }
    throw .unreadable(action, mayBeDone: false)
  }

  private func answer(_ action: String, _ parameters: [(String, String)]) throws(AWSFailure) -> XMLElement {
    let response = try caller.call(
      .query(service: "ec2", region: region, action: action, version: "2016-11-15", parameters), mayRepeat: true)
    guard let root = XMLReader.read(response.body), root.name == "\(action)Response" else { throw .unreadable(action, mayBeDone: false) }
    return root
  }
}
