import DrillModel
import Foundation

/// Parts of an object that are fetched out of order and taken in order, within a fixed number of buffers.
///
/// Parts are handed out in order, so the one that is wanted next always has a buffer, and whoever fetches waits for whoever takes. While
/// the taker is the one that waits, parts are handed out beyond the buffers too: they have been asked for by the time that a buffer comes
/// free, so that the store's latency passes meanwhile; what it sends until then waits in the sockets.
final class RangeWindow: @unchecked Sendable {
  // Unchecked: everything below is touched under `condition` alone, and a buffer's bytes are written by the one thread that claimed it
  // and read only as far as it has announced them.
  private let condition = NSCondition()
  private let buffers: [UnsafeMutableRawBufferPointer]
  private let bytes: Int64
  private let partBytes: Int
  /// The most parts that may be under way at once, and how many may be now.
  private let connections: Int
  private var width: Int
  private var next = 0
  private var taken = 0
  private var filled: [Int: Int] = [:]
  /// Parts that were claimed and have not wholly come.
  private var underWay = 0
  /// Parts that have wholly come and were not given back.
  private var whole = 0
  /// The part for which the taker last had a connection added.
  private var widenedAt = -1
  private var failure: Fault?

  /// One part of the object, claimed for fetching.
  struct Part: Sendable {
    let number: Int
    let range: Range<Int64>
  }

  /// - Parameters:
  ///   - bytes: Of the whole object, at least 1.
  ///   - partBytes: Of each part but the last.
  ///   - buffers: How many parts are held at most.
  ///   - connections: How many parts may be under way at once where a store makes the taker wait. It begins with fewer.
  init(bytes: Int64, partBytes: Int, buffers: Int, connections: Int) {
    self.bytes = bytes
    self.partBytes = partBytes
    self.buffers = (0..<buffers).map { _ in .allocate(byteCount: partBytes, alignment: 4096) }
    self.connections = connections
    width = min(RangeWindow.firstWidth, connections)
  }

  deinit { for buffer in buffers { buffer.deallocate() } }

  private static let firstWidth = 4

  var partCount: Int { Int((bytes + Int64(partBytes) - 1) / Int64(partBytes)) }

  private func range(_ number: Int) -> Range<Int64> {
    let start = Int64(number) * Int64(partBytes)
    return start..<min(bytes, start + Int64(partBytes))
  }

  /// The next part to fetch, once its time has come; nil when all are claimed or the window has failed.
  func claim() -> Part? {
    condition.lock()
    defer { condition.unlock() }
    while failure == nil, next < partCount, !mayClaim { condition.wait() }
    guard failure == nil, next < partCount else { return nil }
    defer { next += 1 }
    filled[next] = 0
    underWay += 1
    return Part(number: next, range: range(next))
  }

  /// A buffer that is free is used. Beyond the buffers only while most of them still wait for bytes: a slow taker would make the store
  /// hold connections open for nothing.
  private var mayClaim: Bool {
    underWay < width && (hasBuffer(next) || whole * 2 <= buffers.count)
  }

  private func hasBuffer(_ number: Int) -> Bool { number < taken + buffers.count }

  /// Waits until a part has its buffer, which one that was claimed ahead has not at first. Does not wait for one that has it.
  ///
  /// - Parameter patience: How long; nil for as long as it takes.
  /// - Returns: false when it still has none, or nobody wants it any more.
  func awaitBuffer(of part: Part, atMost patience: Duration?) -> Bool {
    condition.lock()
    defer { condition.unlock() }
    let end = patience.map { Date(timeIntervalSinceNow: $0 / .seconds(1)) }
    while failure == nil, !hasBuffer(part.number) {
      guard let end else {
        condition.wait()
        continue
      }
      guard condition.wait(until: end) else { break }
    }
    return failure == nil && hasBuffer(part.number)
  }

  /// Adds bytes to a claimed part that has its buffer; false when nobody wants them any more.
  func add(_ piece: UnsafeRawBufferPointer, to part: Part, at offset: Int) -> Bool {
    let buffer = buffers[part.number % buffers.count]
    UnsafeMutableRawBufferPointer(rebasing: buffer[offset..<offset + piece.count]).copyMemory(from: piece)
    let end = offset + piece.count
    let isWhole = end == part.range.count
    // Waking the taker for each packet would cost more than the bytes.
    let isWorthTelling = isWhole || end / RangeWindow.step != offset / RangeWindow.step
    condition.lock()
    defer { condition.unlock() }
    if isWhole {
      underWay -= 1
      whole += 1
    }
    if isWorthTelling {
      filled[part.number] = end
      if part.number == taken { condition.broadcast() }
    }
    return failure == nil
  }

  private static let step = 256 << 10

  /// What has come of a part beyond `offset`, waiting for at least a byte. Valid until the part is given back.
  ///
  /// Waiting with nothing else at hand has one connection more used from then on.
  ///
  /// - Throws: the window's failure.
  func bytes(of number: Int, beyond offset: Int) throws -> UnsafeRawBufferPointer {
    condition.lock()
    defer { condition.unlock() }
    while failure == nil, (filled[number] ?? 0) <= offset {
      if whole == 0, width < connections, widenedAt != number {
        width += 1
        widenedAt = number
        condition.broadcast()
      }
      condition.wait()
    }
    if let failure { throw failure }
    return UnsafeRawBufferPointer(rebasing: buffers[number % buffers.count][offset..<(filled[number] ?? 0)])
  }

  /// How many bytes a part has.
  func length(of number: Int) -> Int { range(number).count }

  /// Gives a part's buffer back once all of it was taken.
  func giveBack(_ number: Int) {
    condition.lock()
    filled[number] = nil
    whole -= 1
    taken = number + 1
    condition.broadcast()
    condition.unlock()
  }

  /// Ends everything, and gives the first failure, which is the one that counts.
  func fail(_ fault: Fault) -> Fault {
    condition.lock()
    defer { condition.unlock() }
    let first = failure ?? fault
    failure = first
    condition.broadcast()
    return first
  }
}
