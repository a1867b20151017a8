import EngineKit
import Glibc

/// Replies as frames: the length in eight bytes, the lowest first, then the reply.
struct ReplyWriter {
  let descriptor: Int32

  /// Writes one reply whole; one that nobody reads any more ends the process by SIGPIPE, as it should.
  func write(_ reply: ReaderReply) {
    var bytes = reply.bytes
    if bytes.count > ReplyReader.largest {
      bytes = ReaderReply.refused(.unavailable("the answer is larger than \(ReplyReader.largest >> 20) MiB")).bytes
    }
    var head = FieldWriter()
    head.add(Int64(bytes.count))
    var rest = (head.bytes + bytes)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }
}

/// Reads the frames of a writer that may have been taken over by what it reads. Blocks.
struct ReplyReader {
  /// Bytes of one reply; the schema of some ten thousand tables.
  static let largest = 16 << 20
  /// Bytes of all replies to one request: besides the last one only progress, which comes four times a second.
  static let most = 64 << 20

  /// What came is no reply.
  struct Babble: Error {
    let what: String
  }

  private let descriptor: Int32
  private var total = 0

  init(_ descriptor: Int32) { self.descriptor = descriptor }

  /// The next reply; nil at the end.
  ///
  /// - Throws: `Babble`.
  mutating func next() throws(Babble) -> ReaderReply? {
    let head = try bytes(8)
    if head.isEmpty { return nil }
    var fields = FieldReader(head)
    guard let length = try? fields.number() else { throw Babble(what: "it ended inside a reply") }
    guard (1...Int64(ReplyReader.largest)).contains(length) else { throw Babble(what: "a reply of \(length) bytes") }
    total += 8 + Int(length)
    guard total <= ReplyReader.most else { throw Babble(what: "more than \(ReplyReader.most >> 20) MiB of replies") }
    let body = try bytes(Int(length))
    guard body.count == Int(length) else { throw Babble(what: "it ended inside a reply") }
    guard let reply = try? ReaderReply(body) else { throw Babble(what: "bytes that are no reply") }
    return reply
  }

  /// As many bytes, or fewer at the end. What is claimed is only reserved as it comes.
  private func bytes(_ count: Int) throws(Babble) -> [UInt8] {
    var result: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: min(count, 64 << 10))
    while result.count < count {
      let size = min(buffer.count, count - result.count)
      let got = buffer.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, size) }
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else { throw Babble(what: "its answer cannot be read: \(String(cString: strerror(errno)))") }
      if got == 0 { break }
      result += buffer.prefix(got)
    }
    return result
  }
}
