import DrillModel
import Glibc
import ToolRunner

/// Calls methods of a gRPC server over one Unix socket: HTTP/2 (RFC 9113) as far as unary calls need it.
///
/// Blocks its caller, and belongs to one thread at a time; shutting its socket down from elsewhere ends every wait.
final class RPCChannel {
  /// Why there was no answer.
  enum Failure: Error {
    /// The server answered with a gRPC status other than 0.
    case refused(status: Int, message: String)
    case late
    case broken(String)
  }

  /// An answer to one call.
  struct Answer {
    var call: UInt32
    var result: Result<[UInt8], Failure>
  }

  private struct Stream {
    var body: [UInt8] = []
    var status: Int?
    var message = ""
    /// Bytes that may still be sent on it.
    var window: Int
  }

  /// Bytes of one answer; a server of ours has no reason for more.
  private static let largestAnswer = 1 << 30
  private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

  private let socket: Descriptor
  private var input = [UInt8](repeating: 0, count: 256 << 10)
  private var start = 0
  private var end = 0
  private var streams: [UInt32: Stream] = [:]
  private var done: [Answer] = []
  private var headers = HeaderTable()
  private var next: UInt32 = 1
  private var window = 65_535
  private var initialWindow = 65_535
  private var frameSize = 16_384
  private var received = 0

  /// - Parameter socket: Connected.
  init(_ socket: Descriptor) throws(Failure) {
    self.socket = socket
    // No push; all the room that there can be for answers.
    let settings = Self.frame(4, 0, 0, [0, 2, 0, 0, 0, 0, 0, 4, 0x7F, 0xFF, 0xFF, 0xFF])
    try write(Self.preface + settings + Self.frame(8, 0, 0, [0x3F, 0xFF, 0xFF, 0xFF]))
  }

  /// How long to wait for the next bytes of the server.
  func setPatience(_ limit: Duration) {
    let milliseconds = max(1, limit.inMilliseconds)
    var time = timeval(tv_sec: Int(milliseconds / 1000), tv_usec: Int(milliseconds % 1000) * 1000)
    setsockopt(socket.raw, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(socket.raw, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
  }

  /// One call, alone on the channel.
  func call(_ method: String, _ message: [UInt8]) throws(Failure) -> [UInt8] {
    let call = try begin(method, message)
    while true {
      let answer = try answer()
      if answer.call == call { return try answer.result.get() }
    }
  }

  /// Sends a request; its answer comes in time.
  func begin(_ method: String, _ message: [UInt8]) throws(Failure) -> UInt32 {
    let call = next
    guard call < 1 << 31 else { throw .broken("a connection carries no more calls") }
    next += 2
    streams[call] = Stream(window: initialWindow)
    var bytes = Self.frame(1, 4, call, Self.request(method))
    let length = UInt32(message.count)
    // Not compressed, then the length (gRPC over HTTP2, "Length-Prefixed-Message").
    let prefix = [0, UInt8(length >> 24), UInt8(length >> 16 & 255), UInt8(length >> 8 & 255), UInt8(length & 255)]
    if message.count + 5 <= min(frameSize, window, initialWindow) {
      bytes += Self.frame(0, 1, call, prefix + message)
      window -= message.count + 5
      try write(bytes)
    } else {
      try write(bytes)
      try sendLarge(prefix + message, on: call)
    }
    return call
  }

  /// The next answer of any call.
  func answer() throws(Failure) -> Answer {
    while done.isEmpty { try readFrame() }
    return done.removeFirst()
  }

  private func sendLarge(_ bytes: [UInt8], on call: UInt32) throws(Failure) {
    var rest = bytes[...]
    while !rest.isEmpty {
      // A call that was answered already (refused) takes no more.
      guard let stream = streams[call] else { return }
      let size = min(rest.count, frameSize, window, stream.window)
      guard size > 0 else {
        try readFrame()
        continue
      }
      window -= size
      streams[call]?.window -= size
      try write(Self.frame(0, size == rest.count ? 1 : 0, call, rest.prefix(size)))
      rest = rest.dropFirst(size)
    }
  }

  // MARK: Frames

  private func readFrame() throws(Failure) {
    try fill(9)
    let length = Int(input[start]) << 16 | Int(input[start + 1]) << 8 | Int(input[start + 2])
    let (kind, flags) = (input[start + 3], input[start + 4])
    let stream =
      UInt32(input[start + 5] & 127) << 24 | UInt32(input[start + 6]) << 16 | UInt32(input[start + 7]) << 8 | UInt32(input[start + 8])
    guard length <= 1 << 20 else { throw .broken("a frame of \(length) bytes") }
    try fill(9 + length)
    let payload = input[(start + 9)..<(start + 9 + length)]
    switch kind {
    case 0: try takeData(payload, flags, stream)
    case 1: try takeHeaders(payload, flags, stream)
    case 3: finish(stream, .failure(.broken("the server gave up a call (code \(Self.number(payload)))")))
    case 4 where flags & 1 == 0:
      takeSettings(payload)
      try write(Self.frame(4, 1, 0, []))
    case 6 where flags & 1 == 0: try write(Self.frame(6, 1, 0, payload))
    case 7: throw .broken("the server ends the connection (code \(Self.number(payload.dropFirst(4))))")
    case 8: if stream == 0 { window += Self.number(payload) } else { streams[stream]?.window += Self.number(payload) }
    default: break
    }
    start += 9 + length
  }

  private func takeData(_ payload: ArraySlice<UInt8>, _ flags: UInt8, _ stream: UInt32) throws(Failure) {
    var body = payload
    if flags & 8 != 0, let padding = body.popFirst() { body = body.dropLast(Int(padding)) }
    streams[stream]?.body += body
    guard streams[stream]?.body.count ?? 0 <= Self.largestAnswer else { throw .broken("an answer of more than 1 GiB") }
    if flags & 1 != 0 { complete(stream) }
    received += payload.count
    guard received >= 1 << 20 else { return }
    let grant = UInt32(received)
    try write(Self.frame(8, 0, 0, [UInt8(grant >> 24), UInt8(grant >> 16 & 255), UInt8(grant >> 8 & 255), UInt8(grant & 255)]))
    received = 0
  }

  private func takeHeaders(_ payload: ArraySlice<UInt8>, _ flags: UInt8, _ stream: UInt32) throws(Failure) {
    var block = payload
    if flags & 8 != 0, let padding = block.popFirst() { block = block.dropLast(Int(padding)) }
    if flags & 0x20 != 0 { block = block.dropFirst(5) }
    guard flags & 4 != 0, let fields = headers.fields(of: Array(block)) else { throw .broken("headers that cannot be read") }
    for field in fields {
      switch field.name {
      case "grpc-status": streams[stream]?.status = Int(field.value)
      case "grpc-message": streams[stream]?.message = field.value
      case ":status" where field.value != "200":
        streams[stream]?.status = 2
        streams[stream]?.message = "HTTP status \(field.value)"
      default: break
      }
    }
    if flags & 1 != 0 { complete(stream) }
  }

  private func takeSettings(_ payload: ArraySlice<UInt8>) {
    var rest = payload
    while rest.count >= 6 {
      let (name, value) = (rest.prefix(2).reduce(0) { $0 << 8 | Int($1) }, Self.number(rest.dropFirst(2)))
      if name == 4 {
        for stream in streams.keys { streams[stream]?.window += value - initialWindow }
        initialWindow = value
      }
      if name == 5 { frameSize = max(16_384, min(value, 1 << 20)) }
      rest = rest.dropFirst(6)
    }
  }

  /// A call's end: exactly one message and status 0, else it was refused.
  private func complete(_ call: UInt32) {
    guard let stream = streams[call] else { return }
    guard stream.status == 0 else {
      return finish(call, .failure(.refused(status: stream.status ?? 2, message: stream.message)))
    }
    let body = stream.body
    guard body.count >= 5, body[0] == 0, Self.number(body[1...]) == body.count - 5 else {
      return finish(call, .failure(.broken("an answer that is no message")))
    }
    finish(call, .success(Array(body.dropFirst(5))))
  }

  private func finish(_ call: UInt32, _ result: Result<[UInt8], Failure>) {
    guard streams.removeValue(forKey: call) != nil else { return }
    done.append(Answer(call: call, result: result))
  }

  private static func request(_ method: String) -> [UInt8] {
    // Indexed fields and literals that are not kept (RFC 7541 section 6): POST, http, path, authority, content type, te.
    var block: [UInt8] = [0x83, 0x86, 0x04, UInt8(method.utf8.count)]
    block += Array(method.utf8) + [0x01, 9] + Array("localhost".utf8)
    block += [0x0F, 0x10, 16] + Array("application/grpc".utf8)
    return block + [0x00, 2] + Array("te".utf8) + [8] + Array("trailers".utf8)
  }

  private static func frame(_ kind: UInt8, _ flags: UInt8, _ stream: UInt32, _ payload: some Collection<UInt8>) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(9 + payload.count)
    bytes += [UInt8(payload.count >> 16), UInt8(payload.count >> 8 & 255), UInt8(payload.count & 255), kind, flags]
    bytes += [UInt8(stream >> 24), UInt8(stream >> 16 & 255), UInt8(stream >> 8 & 255), UInt8(stream & 255)]
    bytes += payload
    return bytes
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.prefix(4).reduce(0) { $0 << 8 | Int($1) } }

  // MARK: The socket

  private func fill(_ count: Int) throws(Failure) {
    if start + count > input.count {
      input.replaceSubrange(0..<(end - start), with: input[start..<end])
      (start, end) = (0, end - start)
      if count > input.count { input += [UInt8](repeating: 0, count: count - input.count) }
    }
    if start == end { (start, end) = (0, 0) }
    while end - start < count {
      let got = input[end...].withUnsafeMutableBytes { recv(socket.raw, $0.baseAddress, $0.count, 0) }
      if got < 0, errno == EINTR { continue }
      if got < 0, errno == EAGAIN { throw .late }
      guard got >= 0 else { throw .broken(systemMessage(errno)) }
      if got == 0 { throw .broken("the server closed the connection") }
      end += got
    }
  }

  private func write(_ bytes: [UInt8]) throws(Failure) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let sent = rest.withUnsafeBytes { send(socket.raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if sent < 0, errno == EINTR { continue }
      if sent < 0, errno == EAGAIN { throw .late }
      guard sent > 0 else { throw .broken(systemMessage(errno)) }
      rest = rest.dropFirst(sent)
    }
  }
}
