import AWSClient
import Digesting
import DrillModel
import DrillTestSupport
import EngineKit
import Foundation
import Selecting
import SourceS3
import ToolRunner

/// A store with one object, that answers ranges as S3 does unless the script says otherwise.
final class ScriptedStore: Sendable {
  enum Act: Sendable {
    case serve
    /// Sends so many bytes of what it announced.
    case cut(after: Int)
    case refuse(Int, String)
    /// Another object of the same size under the same key.
    case servesAnother
    /// One byte of the range is another.
    case damage
    /// Says and sends a range that begins elsewhere.
    case shift
    /// Sends a byte more than it was asked for.
    case overfill
    case hang
    /// Serves, and lets it be waited for.
    case late(Duration)
  }

  static let key = "db.dump"
  let server: ScriptedHTTPServer
  private let object: [UInt8]

  /// - Parameters:
  ///   - headers: Of every answer, over the usual ones.
  ///   - parts: The sizes of the parts that it was uploaded in.
  ///   - act: Is given each range request and how many came before it.
  init(
    _ object: [UInt8], headers: [(String, String)] = [], parts: [Int] = [],
    act: @escaping @Sendable (RecordedRequest, Int) -> Act = { _, _ in .serve }
  ) {
    self.object = object
    let etag = headers.first { $0.0 == "ETag" }?.1 ?? ScriptedStore.etag(object)
    let usual = headers.contains { $0.0 == "ETag" } ? headers : headers + [("ETag", etag)]
    let counter = Counter()
    server = ScriptedHTTPServer { request, _ in
      if request.method == "HEAD" {
        if let part = request.target.split(separator: "partNumber=").dropFirst().first.flatMap({ Int($0) }), !parts.isEmpty {
          let fields = usual + [("Content-Length", "\(parts[min(part, parts.count) - 1])"), ("x-amz-mp-parts-count", "\(parts.count)")]
          return .raw(ScriptedStore.head(206, fields))
        }
        return .raw(ScriptedStore.head(200, usual + [("Content-Length", "\(object.count)")]))
      }
      return ScriptedStore.range(request, object, usual, act(request, counter.next()))
    }
  }

  static func etag(_ bytes: [UInt8]) -> String { "\"\(Hexadecimal.encode(MessageDigest.digest(.md5, of: bytes) ?? []))\"" }

  /// The ETag of an upload in parts of these sizes.
  static func etag(_ bytes: [UInt8], parts sizes: [Int]) -> String {
    var digests: [UInt8] = []
    var start = 0
    for size in sizes {
      digests += MessageDigest.digest(.md5, of: Array(bytes[start..<start + size])) ?? []
      start += size
    }
    return "\"\(Hexadecimal.encode(MessageDigest.digest(.md5, of: digests) ?? []))-\(sizes.count)\""
  }

  private static func head(_ status: Int, _ headers: [(String, String)]) -> [UInt8] {
    Array("HTTP/1.1 \(status) Scripted\r\n\(headers.map { "\($0.0): \($0.1)\r\n" }.joined())Connection: close\r\n\r\n".utf8)
  }

  private static func range(_ request: RecordedRequest, _ object: [UInt8], _ usual: [(String, String)], _ act: Act) -> ScriptedReply {
    let ends = (request.header("Range") ?? "").dropFirst("bytes=".count).split(separator: "-").compactMap { Int($0) }
    guard ends.count == 2, ends[0] < object.count else { return .answer(416, body: ScriptedStore.error("InvalidRange")) }
    var (first, last) = (ends[0], min(ends[1], object.count - 1))
    var fields = usual
    var body = Array(object[first...last])
    switch act {
    case .serve, .cut, .late: break
    case .refuse(let status, let code): return .answer(status, body: ScriptedStore.error(code))
    case .servesAnother: fields = usual.filter { $0.0 != "ETag" } + [("ETag", "\"00000000000000000000000000000000\"")]
    case .damage: body[body.count / 2] ^= 1
    case .shift: (first, last) = (first + 1, last + 1)
    case .overfill: body.append(0)
    case .hang: return .after(.seconds(20), .cut)
    }
    fields += [("Content-Length", "\(body.count)"), ("Content-Range", "bytes \(first)-\(last)/\(object.count)")]
    if case .cut(let count) = act { body = Array(body.prefix(count)) }
    let reply = ScriptedReply.raw(head(206, fields) + body)
    if case .late(let wait) = act { return .after(wait, reply) }
    return reply
  }

  static func error(_ code: String, _ message: String = "it is so") -> String {
    "<?xml version=\"1.0\"?><Error><Code>\(code)</Code><Message>\(message)</Message><RequestId>R</RequestId></Error>"
  }

  func source(_ transfer: S3Transfer = .hasty) -> S3Source {
    S3Source(
      S3Bucket("bucket", region: "eu-west-1"), key: "", transfer: transfer, connection: S3Place.connection(to: server.url))
  }

  var artefact: Artefact {
    Artefact(location: "s3://bucket/\(ScriptedStore.key)", name: ScriptedStore.key, bytes: Int64(object.count), modified: nil)
  }

  func open(_ transfer: S3Transfer = .hasty) async throws -> StoredStream {
    guard case .stream(let stream) = try await source(transfer).open(artefact) else { throw Fault(.internalError, "no stream") }
    return stream
  }

  /// What came through the pipe, and how the feed judges it.
  func fetch() async throws -> (bytes: [UInt8], verdict: Result<StreamFeedReport, any Error>) {
    let stream = try await open()
    let bytes = try await onThread("read") { readAll(stream.descriptor) }
    guard let feed = stream.feed else { throw Fault(.internalError, "no feed") }
    do { return (bytes, .success(try await feed.finish())) } catch { return (bytes, .failure(error)) }
  }

  /// Bytes that are nowhere the same.
  static func sample(_ count: Int) -> [UInt8] {
    var state: UInt64 = 0x9E37_79B9_7F4A_7C15
    return (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 33)
    }
  }
}

private final class Counter: @unchecked Sendable {
  // Unchecked: under the lock alone.
  private let lock = NSLock()
  private var count = 0
  func next() -> Int {
    lock.withLock {
      defer { count += 1 }
      return count
    }
  }
}
