internal import Glibc

/// Carries a program's input and output until all of it is through, on the program's own thread.
struct ToolSession {
  var output: OutputSink?
  var errors: OutputSink?
  private let status: Descriptor
  private let ourInput: Descriptor?
  private let ourOutput: Descriptor?
  private let ourErrors: Descriptor?
  private let inputBytes: [UInt8]
  private var written = 0

  init(_ command: ToolCommand, name: String, pid: Int32, wiring: ToolWiring, status: Descriptor, log: (any ToolLog)?) {
    output = OutputSink(command.output, source: ToolSource(tool: name, pid: pid, stream: .output), log: log)
    errors = OutputSink(command.errors, source: ToolSource(tool: name, pid: pid, stream: .errors), log: log)
    self.status = status
    ourInput = wiring.ourInput
    ourOutput = wiring.ourOutput
    ourErrors = wiring.ourErrors
    inputBytes = wiring.inputBytes
  }

  /// Answers with the supervisor's last word, nil when it ended without one, once both outputs have come to their end.
  mutating func carry() -> SupervisorReport? {
    var report: SupervisorReport?
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    defer { buffer.deallocate() }
    if inputBytes.isEmpty { ourInput?.close() }
    while status.raw >= 0 || ourOutput?.isOpen == true || ourErrors?.isOpen == true {
      var watched = [pollfd(fd: status.raw, events: Int16(POLLIN), revents: 0)]
      for descriptor in [ourOutput, ourErrors] { watched.append(pollfd(fd: descriptor?.raw ?? -1, events: Int16(POLLIN), revents: 0)) }
      watched.append(pollfd(fd: ourInput?.raw ?? -1, events: Int16(POLLOUT), revents: 0))
      // Once the supervisor is gone nobody is left to write: what is in the pipes comes at once.
      let ready = poll(&watched, nfds_t(watched.count), status.raw >= 0 ? -1 : 1000)
      if ready < 0, errno == EINTR { continue }
      if ready <= 0 { break }
      if watched[1].revents != 0, let bytes = read(ourOutput, buffer) { output?.take(bytes) }
      if watched[2].revents != 0, let bytes = read(ourErrors, buffer) { errors?.take(bytes) }
      if watched[3].revents != 0 { write() }
      if watched[0].revents != 0 {
        report = SupervisorReport.next(from: status.raw)
        status.close()
      }
    }
    for descriptor in [ourInput, ourOutput, ourErrors] { descriptor?.close() }
    return report
  }

  private func read(_ descriptor: Descriptor?, _ buffer: UnsafeMutableRawBufferPointer) -> UnsafeRawBufferPointer? {
    guard let descriptor, let count = try? readSome(descriptor.raw, buffer), count > 0 else {
      descriptor?.close()
      return nil
    }
    return UnsafeRawBufferPointer(rebasing: buffer[..<count])
  }

  private mutating func write() {
    guard let ourInput else { return }
    let count = inputBytes.withUnsafeBytes { Glibc.write(ourInput.raw, $0.baseAddress.map { $0 + written }, $0.count - written) }
    if count > 0 { written += count }
    // A program that wants no more input has had enough of it, which is no error.
    let isOver = written == inputBytes.count || (count < 0 && errno != EAGAIN && errno != EINTR)
    if isOver { ourInput.close() }
  }
}

extension Descriptor {
  var isOpen: Bool { raw >= 0 }
}
