import DrillModel
import Glibc
import PostgreSQLKit
import Synchronization
import ToolRunner

/// Carries a plain dump from its descriptor through the scanner into one psql after the other. Blocks; one thread at a time.
final class DumpPump: Sendable {
  /// Why a section ended.
  enum Ending: Sendable, Hashable {
    case connect(String)
    case end
    /// psql stopped reading: it ended, and its exit says why.
    case closed
    case stopped
  }

  private struct State {
    var scanner = DumpScanner()
    var buffer = [UInt8](repeating: 0, count: DumpPump.size)
    /// Bytes of the buffer that hold something, and those of them that were scanned.
    var filled = 0
    var position = 0
    var bytes: Int64 = 0
    var isAtEnd = false
  }

  private let source: Descriptor
  private let state = Mutex(State())
  private let isStopped = Atomic(false)
  private let progress: @Sendable (Int64) -> Void
  private static let size = 1 << 20

  init(_ source: Descriptor, progress: @escaping @Sendable (Int64) -> Void) {
    self.source = source
    self.progress = progress
  }

  /// Ends the pumping soon, from any thread; repeating it is a no-op.
  func stop() { isStopped.store(true, ordering: .relaxed) }

  /// The decoded beginning, read before any psql is started.
  ///
  /// - Throws: `Fault` when nothing comes.
  func head() throws -> [UInt8] {
    try state.withLock { state in
      while state.filled < 32 << 10, !state.isAtEnd { try refill(&state) }
      return Array(state.buffer[..<state.filled])
    }
  }

  /// Pumps one section into psql's input and closes it. A statement for which `finding` is true is spoiled before its end, so that
  /// the server takes it for an error of syntax and carries nothing of it out.
  func section(into target: Descriptor, finding: @escaping @Sendable (DumpStatement, Int) throws -> Bool) throws -> Ending {
    defer { target.close() }
    return try state.withLock { state in
      let sink = PumpSink(target, finding)
      while true {
        if isStopped.load(ordering: .relaxed) { return .stopped }
        if state.position >= state.filled {
          if state.isAtEnd { break }
          try refill(&state)
          continue
        }
        do { try advance(&state, sink) } catch is PumpSink.Closed { return .closed }
        if let database = state.scanner.connect {
          state.scanner.connect = nil
          do { try sink.flush() } catch is PumpSink.Closed { return .closed }
          return .connect(database)
        }
      }
      do { try sink.flush() } catch is PumpSink.Closed { return .closed }
      return .end
    }
  }

  /// What the dump's end lacks, or nil when it is whole as far as its format can show.
  var truncation: String? {
    state.withLock { state in
      if let place = state.scanner.unfinished { return "it ends \(place), at line \(state.scanner.line)" }
      if state.scanner.openClusters > 0 { return "its last line `\(PlainHeader.Banner.cluster.trailer)` is missing" }
      if state.scanner.openDumps > 0 { return "its last line `\(PlainHeader.Banner.database.trailer)` is missing" }
      return nil
    }
  }

  /// Whether pg_dump signed the dump, so that its end could be seen.
  var hasBanner: Bool { state.withLock { $0.scanner.hasBanner } }
  var hasStatement: Bool { state.withLock { $0.scanner.hasStatement } }

  private func advance(_ state: inout State, _ sink: PumpSink) throws {
    let (start, count) = (state.position, state.filled)
    // Taken out while it works, so that its own buffers are not copied for every piece.
    var scanner = state.scanner
    state.scanner = DumpScanner()
    defer { state.scanner = scanner }
    state.position = try state.buffer.withUnsafeBufferPointer { whole in
      let bytes = UnsafeBufferPointer(rebasing: whole[..<count])
      if let base = bytes.baseAddress, memchr(base + start, 0, count - start) != nil {
        throw Fault(
          .backupDamaged, "the dump holds zero bytes behind line \(scanner.line), which text never does",
          advice: "The file or the disk it lay on is damaged. \(DumpFormat.lookAtJob)")
      }
      return try scanner.scan(bytes, from: start, into: sink)
    }
  }

  /// Reads the next piece behind what was not scanned yet.
  private func refill(_ state: inout State) throws {
    while true {
      if isStopped.load(ordering: .relaxed) {
        state.isAtEnd = true
        return
      }
      var watched = pollfd(fd: source.raw, events: Int16(POLLIN), revents: 0)
      if poll(&watched, 1, 100) == 0 { continue }
      break
    }
    if state.position == state.filled { (state.position, state.filled) = (0, 0) }
    let filled = state.filled
    let count = state.buffer.withUnsafeMutableBytes { bytes in
      read(source.raw, bytes.baseAddress.map { $0 + filled }, bytes.count - filled)
    }
    if count < 0, errno == EINTR || errno == EAGAIN { return }
    guard count >= 0 else {
      throw Fault(.backupUnreadable, "the dump cannot be read to its end: \(systemMessage(errno))", advice: "Check the disk it lies on")
    }
    state.filled += count
    state.isAtEnd = count == 0
    state.bytes += Int64(count)
    progress(state.bytes)
  }
}

/// Writes to psql in large pieces and tells of statements.
private final class PumpSink: DumpSink {
  /// The reader went away.
  struct Closed: Error {}

  private let target: Descriptor
  private let finding: @Sendable (DumpStatement, Int) throws -> Bool
  private var pending: [UInt8] = []

  init(_ target: Descriptor, _ finding: @escaping @Sendable (DumpStatement, Int) throws -> Bool) {
    self.target = target
    self.finding = finding
  }

  func pass(_ bytes: UnsafeBufferPointer<UInt8>) throws {
    if pending.isEmpty, bytes.count >= 64 << 10 { return try write(UnsafeRawBufferPointer(bytes)) }
    pending.append(contentsOf: bytes)
    if pending.count >= 256 << 10 { try flush() }
  }

  func found(_ statement: DumpStatement, line: Int) throws {
    // What comes before must have reached the server when an extension is put into a schema of the dump.
    if case .installExtension = statement { try flush() }
    // No statement has a lone closing parenthesis at its end.
    if try finding(statement, line) { pending.append(contentsOf: " )".utf8) }
  }

  func flush() throws {
    guard !pending.isEmpty else { return }
    try pending.withUnsafeBytes { try write($0) }
    pending.removeAll(keepingCapacity: true)
  }

  private func write(_ bytes: UnsafeRawBufferPointer) throws {
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
