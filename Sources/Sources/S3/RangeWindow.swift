import DrillModel
import Foundation

/// Parts of an object that are fetched out of order and taken in order, within a fixed number of buffers.
///
/// Parts are handed out in order, so the one that is wanted next always has a buffer, and whoever fetches waits for whoever takes.
final class RangeWindow: @unchecked Sendable {
  // Unchecked: everything below is touched under `condition` alone, and a buffer's bytes are written by the one thread that claimed it
  // and read only as far as it has announced them.
  private let condition = NSCondition()
  private let buffers: [UnsafeMutableRawBufferPointer]
  private let bytes: Int64
  private let partBytes: Int
  private var next = 0
  private var taken = 0
  private var filled: [Int: Int] = [:]
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
  init(bytes: Int64, partBytes: Int, buffers: Int) {
    self.bytes = bytes
    self.partBytes = partBytes
    self.buffers = (0..<buffers).map { _ in .allocate(byteCount: partBytes, alignment: 4096) }
  }

  deinit { for buffer in buffers { buffer.deallocate() } }

  var partCount: Int { Int((bytes + Int64(partBytes) - 1) / Int64(partBytes)) }

  private func range(_ number: Int) -> Range<Int64> {
    let start = Int64(number) * Int64(partBytes)
    return start..<min(bytes, start + Int64(partBytes))
  }

  /// The next part to fetch, once there is a buffer for it; nil when all are claimed or the window has failed.
  func claim() -> Part? {
    condition.lock()
    defer { condition.unlock() }
    while failure == nil, next < partCount, next >= taken + buffers.count { condition.wait() }
    guard failure == nil, next < partCount else { return nil }
    defer { next += 1 }
    filled[next] = 0
    return Part(number: next, range: range(next))
  }

  /// Adds bytes to a claimed part; false when nobody wants them any more.
  func add(_ piece: UnsafeRawBufferPointer, to part: Part, at offset: Int) -> Bool {
    let buffer = buffers[part.number % buffers.count]
    UnsafeMutableRawBufferPointer(rebasing: buffer[offset..<offset + piece.count]).copyMemory(from: piece)
    let end = offset + piece.count
    // Waking the taker for each packet would cost more than the bytes.
    let isWorthTelling = end == part.range.count || end / RangeWindow.step != offset / RangeWindow.step
    condition.lock()
    defer { condition.unlock() }
    if isWorthTelling {
      filled[part.number] = end
      if part.number == taken { condition.broadcast() }
    }
    return failure == nil
  }

  private static let step = 256 << 10

  /// What has come of a part beyond `offset`, waiting for at least a byte. Valid until the part is given back.
  ///
  /// - Throws: the window's failure.
  func bytes(of number: Int, beyond offset: Int) throws -> UnsafeRawBufferPointer {
    condition.lock()
    defer { condition.unlock() }
    while failure == nil, (filled[number] ?? 0) <= offset { condition.wait() }
    if let failure { throw failure }
    return UnsafeRawBufferPointer(rebasing: buffers[number % buffers.count][offset..<(filled[number] ?? 0)])
  }

  /// How many bytes a part has.
  func length(of number: Int) -> Int { range(number).count }

  /// Gives a part's buffer back once all of it was taken.
  func giveBack(_ number: Int) {
    condition.lock()
    filled[number] = nil
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
