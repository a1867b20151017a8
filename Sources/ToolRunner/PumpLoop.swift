internal import CSystem
internal import Digesting
internal import DrillModel
internal import Glibc

/// The work of a pump's thread.
struct PumpLoop {
  private let input: Descriptor
  private var output: Descriptor?
  private let duties: BytePump.Duties
  private let cancelled: Descriptor
  private let digest: SHA256?
  private var filter: (any ByteFilter)?
  private var total: Int64 = 0
  private var readerLeft = false

  private enum Ended: Error { case readerLeft }

  init(input: Descriptor, output: Descriptor?, duties: BytePump.Duties, cancelled: Descriptor) {
    self.input = input
    self.output = output
    self.duties = duties
    self.cancelled = cancelled
    digest = duties.digests ? SHA256() : nil
    filter = duties.makeFilter?()
  }

  mutating func run(onHead: ([UInt8]) -> Void, onCount: (Int64) -> Void) throws -> BytePump.Result {
    if let output, isPipe(output) { _ = fcntl(output.raw, F_SETFL, fcntl(output.raw, F_GETFL) | O_NONBLOCK) }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
    defer { buffer.deallocate() }
    do {
      let atEnd = try pumpHead(buffer, onHead: onHead, onCount: onCount)
      if !atEnd { try pumpRest(buffer, onCount: onCount) }
      if var filter, !readerLeft { try filter.finish { try write($0) } }
    } catch Ended.readerLeft {
      readerLeft = true
    }
    return BytePump.Result(bytesRead: total, sha256: digest?.finish(), readerLeft: readerLeft)
  }

  private mutating func pumpHead(
    _ buffer: UnsafeMutableRawBufferPointer, onHead: ([UInt8]) -> Void, onCount: (Int64) -> Void
  ) throws -> Bool {
    var filled = 0
    var atEnd = false
    while filled < min(duties.headBytes, buffer.count), !atEnd {
      let bytes = try read(UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
      filled += bytes.count
      atEnd = bytes.isEmpty
    }
    let head = UnsafeRawBufferPointer(rebasing: buffer[..<filled])
    onHead(Array(head.prefix(duties.headBytes)))
    onCount(total)
    try duties.check?(total)
    try pass(head)
    return atEnd
  }

  private mutating func pumpRest(_ buffer: UnsafeMutableRawBufferPointer, onCount: (Int64) -> Void) throws {
    var canSplice = digest == nil && filter == nil && isPipe(input) && (output.map { isPipe($0) } ?? false)
    while true {
      var moved: Int?
      if canSplice, !readerLeft, let output {
        moved = try splice(to: output)
        canSplice = moved != nil
      }
      if moved == nil {
        let bytes = try read(buffer)
        try pass(bytes)
        moved = bytes.count
      }
      onCount(total)
      try duties.check?(total)
      if moved == 0 { return }
    }
  }

  /// Moves a piece from pipe to pipe; 0 at the end, nil when the kernel cannot.
  private mutating func splice(to output: Descriptor) throws -> Int? {
    while true {
      try wait(for: input, Int16(POLLIN))
      try wait(for: output, Int16(POLLOUT))
      let moved = csystem_splice(input.raw, output.raw, 1 << 20)
      switch Int32(clamping: moved) {
      case -EAGAIN, -EINTR: continue
      case -EPIPE:
        try leave()
        return nil
      case ..<0: return nil
      default:
        total += Int64(moved)
        return moved
      }
    }
  }

  private mutating func read(_ buffer: UnsafeMutableRawBufferPointer) throws -> UnsafeRawBufferPointer {
    try wait(for: input, Int16(POLLIN))
    do {
      let count = try readSome(input.raw, buffer)
      let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
      total += Int64(count)
      digest?.update(bytes)
      return bytes
    } catch {
      throw Fault(.backupUnreadable, "\(duties.name) could not be read at byte \(total): \(error.message)", isTransient: error.code == EIO)
    }
  }

  private mutating func pass(_ bytes: UnsafeRawBufferPointer) throws {
    guard !readerLeft, output != nil, !bytes.isEmpty else { return }
    do {
      if var filter {
        self.filter = nil
        defer { self.filter = filter }
        try filter.process(bytes) { try write($0) }
      } else {
        try write(bytes)
      }
    } catch Ended.readerLeft {
      try leave()
    }
  }

  private mutating func leave() throws {
    guard duties.drains else { throw Ended.readerLeft }
    readerLeft = true
    output?.close()
  }

  private func write(_ bytes: UnsafeRawBufferPointer) throws {
    guard let output else { return }
    var rest = bytes[...]
    while !rest.isEmpty {
      try wait(for: output, Int16(POLLOUT))
      let count = Glibc.write(output.raw, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if count >= 0 {
        rest = rest.dropFirst(count)
        continue
      }
      switch errno {
      case EINTR, EAGAIN: continue
      case EPIPE: throw Ended.readerLeft
      case ENOSPC, EDQUOT: throw Fault(.noSpace, "\(duties.name) could not be written on: \(systemMessage(errno))")
      default: throw Fault(.toolFailed, "\(duties.name) could not be written on: \(systemMessage(errno))")
      }
    }
  }

  private func wait(for descriptor: Descriptor, _ event: Int16) throws {
    var watched = [
      pollfd(fd: descriptor.raw, events: event, revents: 0), pollfd(fd: cancelled.raw, events: Int16(POLLIN), revents: 0),
    ]
    while poll(&watched, 2, -1) < 0, errno == EINTR {}
    if watched[1].revents != 0 { throw Fault(.interrupted, "reading \(duties.name) was stopped") }
  }

  private func isPipe(_ descriptor: Descriptor) -> Bool {
    var found = stat()
    return fstat(descriptor.raw, &found) == 0 && found.st_mode & S_IFMT == S_IFIFO
  }
}
