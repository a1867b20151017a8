internal import Glibc

/// Takes what a program writes to one of its outputs, on the program's thread.
struct OutputSink {
  private var kind: Kind
  private var lines = LineSplitter()
  private let log: (any ToolLog)?
  private let source: ToolSource

  private enum Kind {
    case tail(TailBuffer)
    case lines(@Sendable (String) -> Void)
  }

  /// Nil for an output that does not pass through us.
  init?(_ output: ToolCommand.Output, source: ToolSource, log: (any ToolLog)?) {
    switch output {
    case .captured(let limit): kind = .tail(TailBuffer(limit: limit))
    case .lines(let receive): kind = .lines(receive)
    case .descriptor, .discarded: return nil
    }
    self.source = source
    self.log = log
  }

  mutating func take(_ bytes: UnsafeRawBufferPointer) {
    log?.append(bytes, from: source)
    switch kind {
    case .tail(var tail):
      kind = .tail(TailBuffer(limit: 0))
      tail.append(bytes)
      kind = .tail(tail)
    case .lines(let receive): lines.append(bytes) { receive(String(decoding: $0, as: UTF8.self)) }
    }
  }

  /// Ends the output and gives what was captured.
  mutating func finish() -> [UInt8] {
    log?.end(source)
    switch kind {
    case .tail(let tail): return tail.bytes
    case .lines(let receive):
      lines.finish { receive(String(decoding: $0, as: UTF8.self)) }
      return []
    }
  }
}

/// Keeps the last bytes of a stream, and says how many it dropped.
struct TailBuffer {
  private let limit: Int
  private var kept: [UInt8] = []
  private var dropped = 0

  init(limit: Int) { self.limit = max(0, limit) }

  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    kept.append(contentsOf: bytes)
    // Cutting at twice the limit moves each byte once on average.
    if kept.count > 2 * limit + 4096 { cut() }
  }

  private mutating func cut() {
    let excess = kept.count - limit
    guard excess > 0 else { return }
    kept.removeFirst(excess)
    dropped += excess
  }

  var bytes: [UInt8] {
    var whole = self
    whole.cut()
    return whole.dropped == 0 ? whole.kept : Array("[\(whole.dropped) bytes cut]\n".utf8) + whole.kept
  }
}

/// Cuts a stream into lines, without their ends; a line over 64 KiB is cut there and its rest dropped.
struct LineSplitter {
  static let longest = 64 << 10
  private var pending: [UInt8] = []

  mutating func append(_ bytes: UnsafeRawBufferPointer, _ receive: ([UInt8]) -> Void) {
    var rest = bytes[...]
    while let start = UnsafeRawBufferPointer(rebasing: rest).baseAddress, !rest.isEmpty {
      guard let end = memchr(start, 10, rest.count) else { return keep(rest) }
      let length = UnsafeRawPointer(end) - start
      keep(rest.prefix(length))
      flush(receive)
      rest = rest.dropFirst(length + 1)
    }
  }

  mutating func finish(_ receive: ([UInt8]) -> Void) {
    if !pending.isEmpty { flush(receive) }
  }

  private mutating func keep(_ part: Slice<UnsafeRawBufferPointer>) {
    pending.append(contentsOf: part.prefix(max(0, LineSplitter.longest - pending.count)))
  }

  private mutating func flush(_ receive: ([UInt8]) -> Void) {
    if pending.last == UInt8(ascii: "\r") { pending.removeLast() }
    receive(pending)
    pending.removeAll(keepingCapacity: true)
  }
}
