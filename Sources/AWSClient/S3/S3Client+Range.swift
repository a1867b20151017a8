package import DrillModel
import HTTPTransport
import Synchronization

extension S3Client {
  /// Reads one range of an object, handing on each piece in order. What was cut is asked for from where it ended.
  ///
  /// - Parameter receive: Called on this thread with pieces that are together `range`; false ends the reading.
  /// - Throws: `Fault`: as `describe`, `source_unreachable` when the object was replaced since it was described or the store gives
  ///   something else than was asked for, `interrupted` when it was cancelled or `receive` wanted no more.
  package func read(
    _ object: S3Object, _ range: Range<Int64>, receive: @escaping @Sendable (UnsafeRawBufferPointer) -> Bool
  ) throws(Fault) {
    let reading = RangeReading(object, range, location: S3Operation.name(object.key, in: bucket), receive)
    let sink = HTTPBodySink(begin: { reading.begin($0) }, receive: { reading.take($0) })
    let operation = S3Operation.read(object.key, version: object.version)
    let template = try request(
      "GET", key: object.key, query: S3Client.query(version: object.version), headers: [HTTPHeader("If-Match", object.etag)])
    while reading.received < range.count {
      let before = reading.received
      do {
        let moved = { Int64(reading.received) }
        _ = try send(operation, into: sink, moved: moved) {
          var request = template
          request.headers.append(HTTPHeader("Range", "bytes=\(range.lowerBound + moved())-\(range.upperBound - 1)"))
          return request
        }
      } catch {
        throw reading.problem ?? error
      }
      if let problem = reading.problem { throw problem }
      guard reading.received > before else {
        throw Fault(
          .sourceUnreachable, "\(S3Operation.name(object.key, in: bucket)) was answered for without a byte of it", isTransient: true)
      }
    }
  }
}

/// How far one range is, judged against what was asked for.
private final class RangeReading: Sendable {
  private struct State {
    var received = 0
    var problem: Fault?
    /// Of the answer under way.
    var left = 0
  }

  private let object: S3Object
  private let range: Range<Int64>
  private let location: String
  private let hand: @Sendable (UnsafeRawBufferPointer) -> Bool
  private let state = Mutex(State())

  init(_ object: S3Object, _ range: Range<Int64>, location: String, _ hand: @escaping @Sendable (UnsafeRawBufferPointer) -> Bool) {
    self.object = object
    self.range = range
    self.location = location
    self.hand = hand
  }

  var received: Int { state.withLock { $0.received } }
  var problem: Fault? { state.withLock { $0.problem } }

  func begin(_ head: HTTPHead) -> Bool {
    state.withLock { state in
      let start = range.lowerBound + Int64(state.received)
      state.left = range.count - state.received
      state.problem = problem(head, start: start)
      return state.problem == nil
    }
  }

  private func problem(_ head: HTTPHead, start: Int64) -> Fault? {
    if let etag = head.headers.first("ETag"), etag != object.etag { return S3Operation.replaced(location) }
    if head.status == 206 {
      let expected = "bytes \(start)-\(range.upperBound - 1)/\(object.bytes)"
      guard let given = head.headers.first("Content-Range") else { return wrongPlace }
      if given == expected { return nil }
      return given.hasSuffix("/\(object.bytes)") ? wrongPlace : S3Operation.replaced(location)
    }
    return start == 0 && range.upperBound == object.bytes ? nil : wrongPlace
  }

  private var wrongPlace: Fault {
    Fault(
      .sourceUnreachable, "The store gives other parts of \(location) than it is asked for",
      advice: "Look at what stands between, or ask the store's maker whether it knows byte ranges")
  }

  func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let isExpected = state.withLock { state in
      state.left -= bytes.count
      if state.left < 0 {
        state.problem = Fault(.sourceUnreachable, "The store gives more of \(location) than it is asked for")
      }
      return state.left >= 0
    }
    guard isExpected else { return false }
    let goesOn = hand(bytes)
    state.withLock { state in
      if goesOn {
        state.received += bytes.count
      } else {
        state.problem = Fault(.interrupted, "reading \(location) was stopped")
      }
    }
    return goesOn
  }
}
