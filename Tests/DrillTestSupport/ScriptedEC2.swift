import Synchronization

/// The volumes and snapshots of an Amazon EC2 of a test's own on loopback, with STS. It checks no signatures, and lives in the test's
/// process, so it outlives killed runs.
package final class ScriptedEC2: Sendable {
  package struct Snapshot: Sendable {
    package var id: String
    package var state = "completed"
    package var started: String
    package var tier = "standard"
    package var volume = "vol-0123456789abcdef0"

    package init(_ id: String, started: String) {
      self.id = id
      self.started = started
    }
  }

  package struct Volume: Sendable {
    package var id: String
    /// What each look sees; the last one stays.
    package var states: [String]
    package var created: String
    package var tags: [String: String]
    package var token = ""
    package var attachment: Attachment?

    package init(_ id: String, states: [String] = ["available"], created: String, tags: [String: String]) {
      self.id = id
      self.states = states
      self.created = created
      self.tags = tags
    }
  }

  package struct Attachment: Sendable {
    package var instance: String
    package var device: String
    /// What each look sees; the last one stays, but after "detached" it is gone.
    package var states: [String]

    package init(_ instance: String, device: String = "/dev/sdf", states: [String] = ["attached"]) {
      self.instance = instance
      self.device = device
      self.states = states
    }
  }

  /// The instance that the metadata service says it is.
  package static let instance = "i-0123456789abcdef0"

  package struct State: Sendable {
    package var snapshots: [Snapshot] = []
    package var volumes: [Volume] = []
    package var whileMaking = ["creating", "available"]
    package var calls: [String] = []
    /// What is plugged in when a volume is attached.
    package var disk: LoopDisk?
    package var zone = "eu-west-1a"
    package var whileAttaching = ["attaching", "attached"]
    package var whileDetaching = ["detaching", "detached"]
    /// Names of devices that something else has.
    package var taken: Set<String> = []

    package init() {}
  }

  private let state: Mutex<State>
  private let intervene: @Sendable (String, Int) -> ScriptedRDS.Intervention?
  private let server: Mutex<ScriptedHTTPServer?>

  package init(
    _ state: State = State(), intervene: @escaping @Sendable (_ action: String, _ count: Int) -> ScriptedRDS.Intervention? = { _, _ in nil }
  ) {
    self.state = Mutex(state)
    self.intervene = intervene
    server = Mutex(nil)
    let server = ScriptedHTTPServer { [weak self] request, _ in self?.reply(to: request) ?? .cut }
    self.server.withLock { $0 = server }
  }

  package var now: State { state.withLock { $0 } }
  package func change(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }
  package var environment: [String: String] {
    [
      "AWS_ENDPOINT_URL": server.withLock { $0?.url ?? "" }, "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
      "AWS_SECRET_ACCESS_KEY": "not-a-secret-key",
    ]
  }

  /// The same for a program that runs on the instance.
  package var environmentOfInstance: [String: String] {
    let service = server.withLock { $0?.url ?? "" }
    let hardware = now.disk?.root ?? "/nonexistent"
    return environment.merging([
      "AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": service, "DRILLMARK_HARDWARE_ROOT": hardware,
    ]) { $1 }
  }

  /// An error as EC2 writes it.
  package static func error(_ code: String, status: Int = 400) -> ScriptedReply {
    .answer(
      status, body: "<Response><Errors><Error><Code>\(code)</Code><Message>no</Message></Error></Errors><RequestID>1</RequestID></Response>"
    )
  }

  private func reply(to request: RecordedRequest) -> ScriptedReply {
    if request.target.hasPrefix("/latest/") { return metadata(request) }
    let form = request.form
    let action = form["Action"] ?? ""
    let before = state.withLock { state in
      state.calls.append(action)
      return state.calls.count { $0 == action } - 1
    }
    switch intervene(action, before) {
    case .instead(let reply): return reply
    case .after(let reply):
      _ = state.withLock { $0.carryOut(action, form) }
      return reply
    case nil: return state.withLock { $0.carryOut(action, form) }
    }
  }
}

extension ScriptedEC2 {
  /// Version 2 of the metadata service alone.
  private func metadata(_ request: RecordedRequest) -> ScriptedReply {
    if request.method == "PUT" { return .answer(200, body: "tok") }
    guard request.header("x-aws-ec2-metadata-token") == "tok" else { return .answer(401) }
    guard request.target == "/latest/dynamic/instance-identity/document" else { return .answer(404) }
    let zone = now.zone
    return .answer(
      200,
      body: """
        {"accountId": "\(ScriptedRDS.account)", "instanceId": "\(ScriptedEC2.instance)", "availabilityZone": "\(zone)",
         "region": "\(zone.dropLast())", "instanceType": "m7i.large"}
        """)
  }
}

extension ScriptedEC2.State {
  fileprivate mutating func carryOut(_ action: String, _ form: [String: String]) -> ScriptedReply {
    switch action {
    case "GetCallerIdentity":
      let inner = "<Arn>arn:aws:iam::\(ScriptedRDS.account):user/drill</Arn><Account>\(ScriptedRDS.account)</Account>"
      return .answer(
        200, body: "<GetCallerIdentityResponse><GetCallerIdentityResult>\(inner)</GetCallerIdentityResult></GetCallerIdentityResponse>")
    case "DescribeSnapshots":
      return answer(action, "<snapshotSet>" + snapshots.map { "<item>\($0.xml)</item>" }.joined() + "</snapshotSet>")
    case "DescribeVolumes": return look(action, form)
    case "CreateVolume": return make(action, form)
    case "AttachVolume", "DetachVolume":
      guard let index = volumes.firstIndex(where: { $0.id == form["VolumeId"] }) else { return ScriptedEC2.error("InvalidVolume.NotFound") }
      return action == "AttachVolume" ? attach(index, form) : detach(index, form)
    case "DeleteVolume":
      guard let index = volumes.firstIndex(where: { $0.id == form["VolumeId"] }) else { return ScriptedEC2.error("InvalidVolume.NotFound") }
      guard volumes[index].attachment == nil else { return ScriptedEC2.error("VolumeInUse") }
      volumes[index].states = ["deleting", "deleted"]
      return answer(action, "<return>true</return>")
    default: return ScriptedEC2.error("InvalidAction")
    }
  }

  private func answer(_ action: String, _ inner: String) -> ScriptedReply {
    .answer(
      200,
      body: "<\(action)Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>1</requestId>\(inner)</\(action)Response>")
  }

  private mutating func look(_ action: String, _ form: [String: String]) -> ScriptedReply {
    let tag = (form["Filter.1.Name"] ?? "").dropFirst("tag:".count)
    var items = ""
    for index in volumes.indices where volumes[index].tags[String(tag)] == form["Filter.1.Value.1"] {
      items += "<item>\(volumes[index].xml)</item>"
      if volumes[index].states.count > 1 { volumes[index].states.removeFirst() }
      settle(index)
    }
    return answer(action, "<volumeSet>\(items)</volumeSet>")
  }

  /// The next state of an attachment. The kernel sees the disk once it is attached, and no longer once it is not.
  private mutating func settle(_ index: Int) {
    guard var attachment = volumes[index].attachment, attachment.states.count > 1 else { return }
    attachment.states.removeFirst()
    volumes[index].attachment = attachment
    if attachment.states[0] == "attached" { disk?.plug(volumes[index].id, as: attachment.device) }
    guard attachment.states[0] == "detached" else { return }
    if disk?.mountPoints.isEmpty == false { calls.append("detached while mounted") }
    disk?.unplug()
    (volumes[index].attachment, volumes[index].states) = (nil, ["available"])
  }

  private mutating func attach(_ index: Int, _ form: [String: String]) -> ScriptedReply {
    let device = form["Device"] ?? ""
    if volumes[index].attachment != nil { return ScriptedEC2.error("VolumeInUse") }
    if taken.contains(device) {
      return .answer(
        400,
        body:
          "<Response><Errors><Error><Code>InvalidParameterValue</Code><Message>Invalid value '\(device)' for unixDevice. Attachment point "
          + "\(device) is already in use</Message></Error></Errors><RequestID>1</RequestID></Response>")
    }
    volumes[index].attachment = ScriptedEC2.Attachment(form["InstanceId"] ?? "", device: device, states: whileAttaching)
    volumes[index].states = ["in-use"]
    if whileAttaching == ["attached"] { disk?.plug(volumes[index].id, as: device) }
    return answer("AttachVolume", "<volumeId>\(volumes[index].id)</volumeId><status>attaching</status>")
  }

  private mutating func detach(_ index: Int, _ form: [String: String]) -> ScriptedReply {
    guard let attachment = volumes[index].attachment, attachment.instance == form["InstanceId"] else {
      return ScriptedEC2.error("IncorrectState")
    }
    if form["Force"] == "true" { calls.append("forced") }
    volumes[index].attachment?.states = form["Force"] == "true" ? ["detaching", "detached"] : whileDetaching
    return answer("DetachVolume", "<volumeId>\(volumes[index].id)</volumeId><status>detaching</status>")
  }

  private mutating func make(_ action: String, _ form: [String: String]) -> ScriptedReply {
    let token = form["ClientToken"] ?? ""
    if let known = volumes.first(where: { $0.token == token && $0.states != ["deleted"] }) { return answer(action, known.xml) }
    guard snapshots.contains(where: { $0.id == form["SnapshotId"] }) else { return ScriptedEC2.error("InvalidSnapshot.NotFound") }
    var tags: [String: String] = [:]
    for number in 1...50 {
      guard let key = form["TagSpecification.1.Tag.\(number).Key"] else { break }
      tags[key] = form["TagSpecification.1.Tag.\(number).Value"]
    }
    var made = ScriptedEC2.Volume("vol-0000000\(volumes.count)", states: whileMaking, created: BackupStamp.rfc3339(.zero), tags: tags)
    made.token = token
    volumes.append(made)
    return answer(action, made.xml)
  }
}

extension ScriptedEC2.Snapshot {
  fileprivate var xml: String {
    "<snapshotId>\(id)</snapshotId><volumeId>\(volume)</volumeId><status>\(state)</status><startTime>\(started)</startTime>"
      + "<progress>40%</progress><volumeSize>20</volumeSize><encrypted>false</encrypted><storageTier>\(tier)</storageTier>"
  }
}

extension ScriptedEC2.Volume {
  fileprivate var xml: String {
    let set = tags.sorted { $0.key < $1.key }.map { "<item><key>\($0.key)</key><value>\($0.value)</value></item>" }.joined()
    let attached = attachment.map {
      "<item><volumeId>\(id)</volumeId><instanceId>\($0.instance)</instanceId><device>\($0.device)</device><status>\($0.states[0])</status></item>"
    }
    return "<volumeId>\(id)</volumeId><size>\(LoopDisk.gibibytes)</size><status>\(states[0])</status><createTime>\(created)</createTime>"
      + "<attachmentSet>\(attached ?? "")</attachmentSet><tagSet>\(set)</tagSet>"
  }
}
