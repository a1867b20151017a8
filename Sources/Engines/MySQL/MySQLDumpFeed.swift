import DrillModel
import Glibc
import Synchronization
import ToolRunner

/// Carries a plain dump from its descriptor through the scanner into the client. Blocks; to be used once, on a thread of its own.
final class MySQLDumpFeed: Sendable {
  private let source: Descriptor
  private let isStopped = Atomic(false)
  private let state: Mutex<MySQLScanReport>
  private let progress: @Sendable (Int64) -> Void
  private let countsRows: Bool
  private let origin: MySQLScanner.Origin
  /// What was read to be looked at first.
  private let beginning = Mutex<[UInt8]>([])
  private static let size = 1 << 20

  init(
    _ source: Descriptor, countsRows: Bool = false, origin: MySQLScanner.Origin = .dump,
    progress: @escaping @Sendable (Int64) -> Void = { _ in }
  ) {
    self.source = source
    self.countsRows = countsRows
    self.origin = origin
    self.progress = progress
    state = Mutex(MySQLScanReport())
  }

  /// Ends the feeding soon, from any thread; repeating it is a no-op.
  func stop() { isStopped.store(true, ordering: .relaxed) }

  /// What was seen, complete once `run` has ended.
  var report: MySQLScanReport { state.withLock { $0 } }

  /// The decoded beginning, read before any program is started.
  ///
  /// - Throws: `Fault` when nothing can be read.
  func head() throws -> [UInt8] {
    let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 32 << 10)
    defer { buffer.deallocate() }
    var filled = 0
    while filled < buffer.count, let count = try read(into: buffer, from: filled), count > 0 { filled += count }
    let bytes = Array(buffer[..<filled])
    beginning.withLock { $0 = bytes }
    return bytes
  }

  /// Reads to the end and closes the target; a target of nil only looks.
  ///
  /// - Parameter needs: Told of what statements need, before they are passed.
  /// - Returns: false when the reader of the target went away, or this was stopped.
  /// - Throws: `Fault` for content that must not be loaded or cannot be read.
  func run(into target: Descriptor?, needs: @escaping @Sendable (MySQLNeed) throws -> Void) throws -> Bool {
    defer { target?.close() }
    let sink = FeedSink(target, needs)
    var scanner = MySQLScanner(countsRows: countsRows, origin: origin)
    defer {
      let seen = scanner.report
      state.withLock { $0 = seen }
    }
    let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: MySQLDumpFeed.size)
    defer { buffer.deallocate() }
    var (filled, total) = (0, Int64(0))
    do {
      while true {
        guard let count = try next(into: buffer, from: filled) else { return false }
        total += Int64(count)
        if origin == .dump { try refuseZeros(buffer, filled, count, scanner.line) }
        filled += count
        let piece = UnsafeBufferPointer(rebasing: buffer[..<filled])
        let position = try scanner.scan(piece, from: 0, isLast: count == 0, into: sink)
        if let base = buffer.baseAddress { memmove(base, base + position, filled - position) }
        filled -= position
        progress(total)
        if count == 0 { break }
      }
      try scanner.finish(into: sink)
      try sink.flush()
      return true
    } catch is FeedSink.Closed {
      return false
    }
  }

  /// What was read to be looked at, and then whatever comes.
  private func next(into buffer: UnsafeMutableBufferPointer<UInt8>, from filled: Int) throws -> Int? {
    let first = beginning.withLock { beginning in
      defer { beginning = [] }
      return beginning
    }
    guard !first.isEmpty else { return try read(into: buffer, from: filled) }
    _ = UnsafeMutableBufferPointer(rebasing: buffer[filled...]).update(fromContentsOf: first)
    return first.count
  }

  /// Bytes read behind what is there; 0 at the end, nil when stopped.
  private func read(into buffer: UnsafeMutableBufferPointer<UInt8>, from filled: Int) throws -> Int? {
    while true {
      if isStopped.load(ordering: .relaxed) { return nil }
      var watched = pollfd(fd: source.raw, events: Int16(POLLIN), revents: 0)
      if poll(&watched, 1, 100) == 0 { continue }
      let count = Glibc.read(source.raw, buffer.baseAddress.map { $0 + filled }, buffer.count - filled)
      if count >= 0 { return count }
      guard errno == EINTR || errno == EAGAIN else {
        throw Fault(.backupUnreadable, "the dump cannot be read to its end: \(systemMessage(errno))", advice: "Check the disk it lies on")
      }
    }
  }

  /// Every tool escapes a zero byte in a value, so one that is there is a hole in the file.
  private func refuseZeros(_ buffer: UnsafeMutableBufferPointer<UInt8>, _ start: Int, _ count: Int, _ line: Int) throws {
    guard count > 0, let base = buffer.baseAddress, memchr(base + start, 0, count) != nil else { return }
    throw Fault(
      .backupDamaged, "the dump holds zero bytes behind line \(line), which no dump does",
      advice: "The file or the disk it lay on is damaged, or it is UTF-16 text. \(MySQLEngine.lookAtJob)")
  }
}

/// Writes to the client in large pieces.
private final class FeedSink: MySQLSink {
  /// The reader went away.
  struct Closed: Error {}

  private let target: Descriptor?
  private let tell: @Sendable (MySQLNeed) throws -> Void
  private var pending: [UInt8] = []

  init(_ target: Descriptor?, _ tell: @escaping @Sendable (MySQLNeed) throws -> Void) {
    self.target = target
    self.tell = tell
  }

  func needs(_ need: MySQLNeed) throws { try tell(need) }

  func pass(_ bytes: UnsafeBufferPointer<UInt8>) throws {
    guard target != nil else { return }
    if pending.isEmpty, bytes.count >= 64 << 10 { return try write(UnsafeRawBufferPointer(bytes)) }
    pending.append(contentsOf: bytes)
    if pending.count >= 256 << 10 { try flush() }
  }

  func flush() throws {
    guard !pending.isEmpty else { return }
    try pending.withUnsafeBytes { try write($0) }
    pending.removeAll(keepingCapacity: true)
  }

  private func write(_ bytes: UnsafeRawBufferPointer) throws {
    guard let target else { return }
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = Glibc.write(target.raw, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if errno != EINTR {
        throw Closed()
      }
    }
  }
}
