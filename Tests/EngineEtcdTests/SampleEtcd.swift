import Digesting
import DrillModel
import DrillTestSupport
import Foundation
import Glibc

@testable import EngineEtcd

/// A real etcd server of the machine's, for making backups.
final class SampleEtcd: Sendable {
  let directory: String
  private let process: HostCommand

  /// Starts one and waits until it answers.
  init(_ directory: String) async throws {
    self.directory = directory
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    process = HostCommand(
      [
        "/usr/bin/etcd", "--name=sample", "--data-dir=data", "--listen-client-urls=unix://localhost:1",
        "--advertise-client-urls=unix://localhost:1", "--listen-peer-urls=unix://localhost:2",
        "--initial-advertise-peer-urls=unix://localhost:2", "--initial-cluster=sample=unix://localhost:2", "--unsafe-no-fsync",
        "--heartbeat-interval=10", "--election-timeout=100", "--max-txn-ops=100000", "--logger=zap", "--log-level=error",
      ], environment: HostCommand.environment, directory: directory)
    for _ in 0..<1000 {
      if (try? await revision()) != nil { return }
      try await Task.sleep(for: .milliseconds(10))
    }
    throw Fault(.toolFailed, "the sample etcd does not answer")
  }

  func stop() async {
    process.signal(SIGKILL)
    _ = await process.result()
  }

  func revision() async throws -> Int64 { try await ask { try $0.revision() } }

  func ask<T: Sendable>(_ body: @escaping @Sendable (EtcdClient) throws -> T) async throws -> T {
    let directory = directory
    return try await StopFlag.run("sample etcd") { stop in
      let client = try EtcdClient(directory: directory, socket: "localhost:1", stop: stop)
      client.channel.setPatience(.seconds(10))
      return try body(client)
    }
  }

  /// Applies events as one transaction each revision.
  func apply(_ events: [DeltaEvent]) async throws {
    try await ask { client in
      var rest = events[...]
      while let first = rest.first {
        let group = Array(rest.prefix { $0.revision == first.revision })
        rest = rest.dropFirst(group.count)
        let answer = try client.channel.call(Transaction.method, Transaction.message(group, guarding: 0))
        guard Transaction.outcome(answer).revision == first.revision else { throw Fault(.toolFailed, "the sample is at another revision") }
      }
    }
  }

  @discardableResult
  func control(_ arguments: String...) throws -> String {
    try HostProgram.run(
      "/usr/bin/env", ["ETCDCTL_API=3", "/usr/bin/etcdctl", "--endpoints=unix://localhost:1"] + arguments, directory: directory)
  }

  /// Its snapshot's bytes, hash included.
  func snapshot() throws -> [UInt8] {
    let path = "\(directory)/\(UUID().uuidString).db"
    try control("snapshot", "save", path)
    return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
  }
}

/// What a cluster's history is, for writing events as its watcher would see them.
struct SampleHistory {
  private var keys: [String: (created: Int64, version: Int64)] = [:]
  private(set) var revision: Int64 = 1
  private(set) var events: [DeltaEvent] = []
  /// Seconds since 1970 of the first event; each revision comes a second later.
  private let epoch: Int64

  init(epoch: Int64 = 1_795_250_000) { self.epoch = epoch }

  /// One transaction that puts keys.
  mutating func put(_ pairs: [(String, [UInt8])], lease: Int64 = 0) {
    revision += 1
    for (key, value) in pairs {
      var own = keys[key] ?? (revision, 0)
      own.version += 1
      keys[key] = own
      events.append(
        DeltaEvent(
          key: Array(key.utf8), value: value, created: own.created, revision: revision, version: own.version, lease: lease, time: now))
    }
  }

  mutating func put(_ key: String, _ value: String) { put([(key, Array(value.utf8))]) }

  /// One transaction that removes keys.
  mutating func delete(_ names: [String]) {
    revision += 1
    for name in names where keys.removeValue(forKey: name) != nil {
      events.append(DeltaEvent(isDelete: true, key: Array(name.utf8), revision: revision, time: now))
    }
  }

  /// The number of keys that are there at its end.
  var count: Int64 { Int64(keys.count) }

  /// The same history, begun at another time.
  func shifted(to epoch: Int64) -> SampleHistory {
    var copy = SampleHistory(epoch: epoch)
    (copy.keys, copy.revision) = (keys, revision)
    copy.events = events.map { event in
      var event = event
      event.time = Timestamp(seconds: epoch + event.revision)
      return event
    }
    return copy
  }

  private var now: Timestamp { Timestamp(seconds: epoch + revision) }

  /// The events of these revisions.
  func events(_ range: ClosedRange<Int64>) -> [DeltaEvent] { events.filter { range.contains($0.revision) } }
}

/// Files as etcd-backup-restore writes them.
enum SampleStore {
  /// A delta's bytes before compression: the events as JSON, and the SHA-256 of it.
  static func delta(_ events: [DeltaEvent]) -> [UInt8] { sealed("[" + events.map(json).joined(separator: ",") + "]") }

  static func sealed(_ json: String) -> [UInt8] { sealed(Array(json.utf8)) }
  static func sealed(_ bytes: [UInt8]) -> [UInt8] { bytes + SHA256.digest(of: bytes) }

  private static func json(_ event: DeltaEvent) -> String {
    var fields = ["\"key\":\"\(Base64.encode(event.key))\""]
    if event.created != 0 { fields.append("\"create_revision\":\(event.created)") }
    fields.append("\"mod_revision\":\(event.revision)")
    if event.version != 0 { fields.append("\"version\":\(event.version)") }
    if !event.value.isEmpty { fields.append("\"value\":\"\(Base64.encode(event.value))\"") }
    if event.lease != 0 { fields.append("\"lease\":\(event.lease)") }
    let kind = event.isDelete ? "\"type\":1," : ""
    return "{\"etcdEvent\":{\(kind)\"kv\":{\(fields.joined(separator: ","))}},\"time\":\"\(event.time?.description ?? "")\"}"
  }

  static func zlib(_ bytes: [UInt8]) throws -> [UInt8] { try python("zlib.compress(d)", bytes) }
  static func gzip(_ bytes: [UInt8]) throws -> [UInt8] { try python("gzip.compress(d)", bytes) }

  private static func python(_ expression: String, _ bytes: [UInt8]) throws -> [UInt8] {
    let text = try HostProgram.run(
      "/usr/bin/python3",
      ["-c", "import sys,zlib,gzip,base64;d=base64.b64decode(sys.stdin.read());print(base64.b64encode(\(expression)).decode())"],
      input: Base64.encode(bytes))
    return Array(Data(base64Encoded: text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? Data())
  }

  /// What Go's compress/lzw writes: lowest bit first, literals of eight bits.
  static func lzw(_ bytes: [UInt8]) -> [UInt8] {
    var (output, bits, count) = ([UInt8](), UInt64(0), UInt64(0))
    var (width, high, table) = (UInt64(9), 257, [Int: Int]())
    func emit(_ code: Int) {
      bits |= UInt64(code) << count
      count += width
      while count >= 8 {
        output.append(UInt8(bits & 255))
        bits >>= 8
        count -= 8
      }
    }
    /// Whether the table is full and begins anew.
    func grow() -> Bool {
      high += 1
      if high == 1 << width { width += 1 }
      guard high == 4095 else { return false }
      // The code that clears is written in the width that the decoder has by then.
      emit(256)
      (width, high, table) = (9, 257, [:])
      return true
    }
    emit(256)
    guard var code = bytes.first.map(Int.init) else {
      emit(257)
      if count > 0 { output.append(UInt8(bits & 255)) }
      return output
    }
    for byte in bytes.dropFirst() {
      let key = code << 8 | Int(byte)
      if let known = table[key] {
        code = known
        continue
      }
      emit(code)
      code = Int(byte)
      if grow() { continue }
      table[key] = high
    }
    emit(code)
    _ = grow()
    emit(257)
    if count > 0 { output.append(UInt8(bits & 255)) }
    return output
  }
}
