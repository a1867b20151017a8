internal import Digesting
internal import DrillModel
internal import Glibc
internal import Synchronization

/// Changes bytes on their way; used on one thread only.
package protocol ByteFilter {
  /// Takes the next bytes and hands on what comes of them, in pieces of any size.
  mutating func process(_ input: UnsafeRawBufferPointer, emit: (UnsafeRawBufferPointer) throws -> Void) throws

  /// Hands on what is left at the end of the input.
  mutating func finish(emit: (UnsafeRawBufferPointer) throws -> Void) throws
}

/// Moves bytes from one descriptor to another on a thread of its own, looking at them on their way.
///
/// Where nobody needs to look, the kernel moves them between two pipes without copying.
package final class BytePump: Sendable {
  /// What a pump does besides moving.
  package struct Duties: Sendable {
    /// Computes the SHA-256 of what was read.
    package var digests = false
    /// Keeps this many first bytes for `head`, and writes nothing before it has them.
    package var headBytes = 0
    /// Reads on to the end when the reader of the output has gone, instead of stopping.
    package var drains = false
    /// What the input is, for messages.
    package var name = "the input"
    /// Made on the pump's thread.
    package var makeFilter: (@Sendable () -> any ByteFilter)?
    /// Told the bytes read so far after each piece; what it throws ends the pump.
    package var check: (@Sendable (Int64) throws -> Void)?

    package init() {}
  }

  package struct Result: Sendable {
    package var bytesRead: Int64
    /// Nil where it was not asked for.
    package var sha256: [UInt8]?
    /// Whether the reader of the output went away before the end.
    package var readerLeft: Bool
  }

  private let ended = Outcome<Swift.Result<Result, any Error>>()
  private let firstBytes = Outcome<[UInt8]>()
  private let count = Atomic<Int64>(0)
  private let cancelling: Pipe

  /// Starts at once, and closes both descriptors at its end. Without an output the bytes are only looked at.
  package init(from input: Descriptor, to output: Descriptor?, duties: Duties = Duties()) throws {
    cancelling = try Pipe()
    try startThread("pump") { [self] in
      var loop = PumpLoop(input: input, output: output, duties: duties, cancelled: cancelling.reading)
      let result = Swift.Result { try loop.run(onHead: { firstBytes.set($0) }, onCount: { count.store($0, ordering: .relaxed) }) }
      input.close()
      output?.close()
      firstBytes.set([])
      ended.set(result)
    }
  }

  /// Bytes read so far.
  package var bytesRead: Int64 { count.load(ordering: .relaxed) }

  /// The first bytes, fewer where the input ended earlier; empty where none were asked for or the pump failed.
  package func head() async -> [UInt8] { await firstBytes.value }

  /// How it ended. Cancelling the task ends the pump.
  ///
  /// - Throws: `Fault` with code `backup_unreadable` when reading failed, `no_space` or `tool_failed` when writing did,
  ///   `interrupted` when it was cancelled, and whatever the filter or the check threw.
  package func result() async throws -> Result {
    try await withTaskCancellationHandler {
      try await ended.value.get()
    } onCancel: {
      cancel()
    }
  }

  /// Ends the pump soon; a no-op once it has ended.
  package func cancel() { cancelling.writing.close() }
}
