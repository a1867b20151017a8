import Synchronization

/// The volumes and snapshots of an Amazon EC2 of a test's own on loopback, with STS. It checks no signatures, and lives in the test's
/// process, so it outlives killed runs.
package final class ScriptedEC2: Sendable {
  package struct Snapshot: Sendable {
    package var id: String
    package var state = "completed"
    package var started: String
    package var tier = "standard"

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

    package init(_ id: String, states: [String] = ["available"], created: String, tags: [String: String]) {
      self.id = id
      self.states = states
      self.created = created
      self.tags = tags
    }
  }

  package struct State: Sendable {
    package var snapshots: [Snapshot] = []
    package var volumes: [Volume] = []
    package var whileMaking = ["creating", "available"]
    package var calls: [String] = []

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

  /// An error as EC2 writes it.
  package static func error(_ code: String, status: Int = 400) -> ScriptedReply {
    .answer(
      status, body: "<Response><Errors><Error><Code>\(code)</Code><Message>no</Message></Error></Errors><RequestID>1</RequestID></Response>"
    )
  }

  private func reply(to request: RecordedRequest) -> ScriptedReply {
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
    case "DeleteVolume":
      guard let index = volumes.firstIndex(where: { $0.id == form["VolumeId"] }) else { return ScriptedEC2.error("InvalidVolume.NotFound") }
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
    }
    return answer(action, "<volumeSet>\(items)</volumeSet>")
  }

  private mutating func make(_ action: String, _ form: [String: String]) -> ScriptedReply {
    let token = form["ClientToken"] ?? ""
    if let known = volumes.first(where: { $0.token == token }) { return answer(action, known.xml) }
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
    "<snapshotId>\(id)</snapshotId><volumeId>vol-0123456789abcdef0</volumeId><status>\(state)</status><startTime>\(started)</startTime>"
      + "<progress>40%</progress><volumeSize>20</volumeSize><encrypted>false</encrypted><storageTier>\(tier)</storageTier>"
  }
}

extension ScriptedEC2.Volume {
  fileprivate var xml: String {
    let set = tags.sorted { $0.key < $1.key }.map { "<item><key>\($0.key)</key><value>\($0.value)</value></item>" }.joined()
    return "<volumeId>\(id)</volumeId><status>\(states[0])</status><createTime>\(created)</createTime><tagSet>\(set)</tagSet>"
  }
}
