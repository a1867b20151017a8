import DrillModel
import Glibc
import ToolRunner

/// Asks an etcd server of ours by gRPC (api/etcdserverpb/rpc.proto). Blocks, and belongs to one thread at a time.
struct EtcdClient {
  /// What a range holds.
  struct Range {
    var revision: Int64 = 0
    var pairs: [Pair] = []
    var hasMore = false
    var count: Int64 = 0
  }

  struct Pair {
    var key: [UInt8] = []
    var value: [UInt8] = []
    var created: Int64 = 0
    var modified: Int64 = 0
    var version: Int64 = 0
  }

  let channel: RPCChannel

  /// Connects to the socket `name` in a directory; the path to a socket may only have 107 bytes, that of a directory more.
  ///
  /// - Throws: `RPCChannel.Failure`.
  init(directory: String, socket name: String, stop: StopFlag? = nil) throws(RPCChannel.Failure) {
    let place = Descriptor(owning: open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
    let socket = Descriptor(owning: Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0))
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let path = Array("/proc/self/fd/\(place.raw)/\(name)".utf8)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.prefix($0.count - 1)) }
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket.raw, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
    guard result == 0 else { throw .broken("no connection: \(systemMessage(errno))") }
    stop?.watch(socket)
    channel = try RPCChannel(socket)
  }

  /// Keys from `key` on, up to and without `end`; `limit` 0 gives all.
  func range(
    _ key: [UInt8], end: [UInt8]? = nil, limit: Int64 = 0, revision: Int64 = 0, keysOnly: Bool = false, countOnly: Bool = false
  ) throws(RPCChannel.Failure) -> Range {
    var request = MessageWriter()
    request.add(1, key)
    if let end { request.add(2, end) }
    if limit > 0 { request.add(3, limit) }
    if revision > 0 { request.add(4, revision) }
    if keysOnly { request.add(8, 1) }
    if countOnly { request.add(9, 1) }
    return EtcdClient.range(try channel.call("/etcdserverpb.KV/Range", request.bytes))
  }

  /// The revision that the server stands at, asked through consensus.
  func revision() throws(RPCChannel.Failure) -> Int64 { try range([0], limit: 1, keysOnly: true).revision }

  /// A hash over all keys and their history.
  func hash() throws(RPCChannel.Failure) -> (hash: UInt32, compacted: Int64) {
    var fields = MessageReader(try channel.call("/etcdserverpb.Maintenance/HashKV", [])[...])
    var (hash, compacted) = (UInt32(0), Int64(0))
    while let (field, value) = fields.next() {
      if field == 2 { hash = UInt32(truncatingIfNeeded: value.integer) }
      if field == 3 { compacted = value.integer }
    }
    return (hash, compacted)
  }

  /// Errors that the server knows of itself, alarms among them.
  func complaints() throws(RPCChannel.Failure) -> [String] {
    var fields = MessageReader(try channel.call("/etcdserverpb.Maintenance/Status", [])[...])
    var found: [String] = []
    while let (field, value) = fields.next() {
      if field == 8 { found.append(String(decoding: value.content, as: UTF8.self)) }
    }
    return found
  }

  /// Where the keys that begin with `prefix` end: `prefix` with its last byte raised; zero stands for the end of all keys.
  static func end(of prefix: [UInt8]) -> [UInt8] {
    guard let place = prefix.lastIndex(where: { $0 < 255 }) else { return [0] }
    return Array(prefix[..<place]) + [prefix[place] + 1]
  }

  private static func range(_ message: [UInt8]) -> Range {
    var fields = MessageReader(message[...])
    var range = Range()
    while let (field, value) = fields.next() {
      switch field {
      case 1: range.revision = revision(ofHeader: value.content)
      case 2: range.pairs.append(pair(value.content))
      case 3: range.hasMore = value.integer != 0
      case 4: range.count = value.integer
      default: break
      }
    }
    return range
  }

  private static func pair(_ message: ArraySlice<UInt8>) -> Pair {
    var fields = MessageReader(message)
    var pair = Pair()
    while let (field, value) = fields.next() {
      switch field {
      case 1: pair.key = Array(value.content)
      case 2: pair.created = value.integer
      case 3: pair.modified = value.integer
      case 4: pair.version = value.integer
      case 5: pair.value = Array(value.content)
      default: break
      }
    }
    return pair
  }

  static func revision(ofHeader message: ArraySlice<UInt8>) -> Int64 {
    var fields = MessageReader(message)
    while let (field, value) = fields.next() { if field == 3 { return value.integer } }
    return 0
  }
}

extension RPCChannel.Failure {
  /// For people.
  var text: String {
    switch self {
    case .refused(let status, let message): "it refused: \(message.isEmpty ? "gRPC status \(status)" : message)"
    case .late: "it did not answer in time"
    case .broken(let what): what
    }
  }
}
