internal import CSystem
package import DrillModel
internal import Glibc

/// Takes compressions off by content, with the vendors' tools in a box, while the bytes stream.
package struct Unwrapper: Sendable {
  /// Bytes of the decoded beginning that are kept for telling the format.
  package static let headBytes = 64 << 10
  /// Compressions inside each other that are taken off.
  package static let deepest = 4

  private let tools: any ToolRunning
  private let limits: UnpackLimits
  private let user: Box.User?

  /// - Parameter user: whom the decompressors become; nil stays who we are.
  package init(tools: any ToolRunning, limits: UnpackLimits, user: Box.User? = nil) {
    self.tools = tools
    self.limits = limits
    self.user = user
  }

  /// Opens stored bytes for reading without their compressions. Cancelling ends everything that was started.
  ///
  /// - Parameters:
  ///   - stored: a regular file or a pipe at its first byte; taken over.
  ///   - name: for messages.
  ///   - bytes: how many there must be, where that is known.
  ///   - expectedSHA256: what they must hash to, in lower-case hexadecimal, where that is known.
  ///   - feed: who writes them, where the end of `stored` does not say that all of them came; stopped with the stream.
  /// - Throws: `Fault`: `backup_unreadable`, `tool_missing`, `unsafe_content`.
  package func open(
    _ stored: Descriptor, name: String, bytes: Int64? = nil, expectedSHA256: String? = nil, feed: (any StreamFeed)? = nil
  ) async throws -> UnwrappedStream {
    let expectation = StoredExpectation(name: name, bytes: bytes, sha256: expectedSHA256)
    if feed == nil, let plain = try openInPlace(stored, expectation) { return plain }
    var duties = BytePump.Duties()
    duties.digests = true
    duties.headBytes = Unwrapper.headBytes
    duties.drains = true
    duties.name = name
    let pipe = try Pipe(capacity: 1 << 20)
    let source = try BytePump(from: stored, to: pipe.writing, duties: duties)
    var chain = DecodingChain(source: source, descriptor: pipe.reading, feed: feed)
    do {
      return try await withTaskCancellationHandler {
        chain.head = await source.head()
        while let compression = Compression.recognised(in: chain.head) { try await add(compression, to: &chain, name: name) }
        try Task.checkCancellation()
        return UnwrappedStream(chain, expectation)
      } onCancel: {
        source.cancel()
      }
    } catch {
      chain.stop(as: .cancelled)
      throw error is CancellationError ? Fault(.interrupted, "reading \(name) was stopped") : error
    }
  }

  private func add(_ compression: Compression, to chain: inout DecodingChain, name: String) async throws {
    guard chain.layers.count < Unwrapper.deepest else {
      throw Fault(
        .unsafeContent, "\(name) is compressed more than \(Unwrapper.deepest) times over", advice: "Decompress it by hand to see what it is"
      )
    }
    let path = try tools.locate(compression.tool, package: compression.debianPackage)
    let (decoded, next) = (try Pipe(capacity: 1 << 20), try Pipe(capacity: 1 << 20))
    var command = ToolCommand(path, compression.arguments, environment: ["LC_ALL": "C"])
    command.input = .descriptor(chain.descriptor)
    command.output = .descriptor(decoded.writing)
    command.errors = .captured(limit: 8192)
    command.grace = .zero
    command.box = Box(user: user, executable: [path], processes: compression.processes, memory: compression.memory)
    chain.tools.append(try tools.start(command))
    chain.layers.append(compression)
    var duties = BytePump.Duties()
    duties.headBytes = Unwrapper.headBytes
    duties.drains = true
    duties.name = name
    duties.check = bombCheck(name: name, source: chain.source)
    let pump = try BytePump(from: decoded.reading, to: next.writing, duties: duties)
    chain.pumps.append(pump)
    chain.descriptor = next.reading
    chain.head = await pump.head()
  }

  private func bombCheck(name: String, source: BytePump) -> @Sendable (Int64) throws -> Void {
    let limits = limits
    return { decoded in
      if let most = limits.bytes, decoded > most {
        throw Fault(.unsafeContent, "\(name) unpacks to more than \(most) bytes", advice: "Raise the limit if that is right")
      }
      let stored = max(1, source.bytesRead)
      if decoded > 1 << 30, decoded / stored > Int64(limits.ratio) {
        throw Fault(
          .unsafeContent, "\(name) unpacks to more than \(limits.ratio) times its size (\(decoded) bytes from \(stored))",
          advice: "Raise the limit if that is right")
      }
    }
  }

  /// A regular file without compression is read where it is and hashed beside; nil for anything else.
  private func openInPlace(_ stored: Descriptor, _ expectation: StoredExpectation) throws -> UnwrappedStream? {
    var found = stat()
    guard fstat(stored.raw, &found) == 0, found.st_mode & S_IFMT == S_IFREG else { return nil }
    var head = [UInt8](repeating: 0, count: Unwrapper.headBytes)
    let count = head.withUnsafeMutableBytes { pread(stored.raw, $0.baseAddress, $0.count, 0) }
    guard count >= 0 else { throw Fault(.backupUnreadable, "\(expectation.name) could not be read: \(systemMessage(errno))") }
    head.removeLast(head.count - count)
    guard Compression.recognised(in: head) == nil else { return nil }
    // Opened anew, so that the two readers share neither their place nor the kernel's guess of what comes next.
    guard let second = try? Descriptor.open("/proc/self/fd/\(stored.raw)", O_RDONLY) else {
      throw Fault(.backupUnreadable, "\(expectation.name) could not be opened a second time: \(systemMessage(errno))")
    }
    var duties = BytePump.Duties()
    duties.digests = true
    duties.name = expectation.name
    var chain = DecodingChain(source: try BytePump(from: second, to: nil, duties: duties), descriptor: stored)
    chain.head = head
    return UnwrappedStream(chain, expectation)
  }
}
