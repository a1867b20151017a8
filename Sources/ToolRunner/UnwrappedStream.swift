internal import Digesting
package import DrillModel

/// What stored bytes must turn out to be.
struct StoredExpectation: Sendable {
  var name: String
  var bytes: Int64?
  var sha256: String?
}

/// The pumps and tools between stored bytes and decoded ones.
struct DecodingChain: Sendable {
  let source: BytePump
  var descriptor: Descriptor
  var feed: (any StreamFeed)?
  var head: [UInt8] = []
  var layers: [Compression] = []
  var tools: [any RunningTool] = []
  var pumps: [BytePump] = []

  func stop(as status: ToolExit.Status) {
    descriptor.close()
    for tool in tools { tool.stop(as: status) }
    for pump in [source] + pumps { pump.cancel() }
    feed?.stop()
  }
}

/// What came through, once all of it has.
package struct StreamSummary: Sendable, Hashable {
  package var storedBytes: Int64
  /// Nil where the decoded bytes are the stored ones.
  package var decodedBytes: Int64?
  /// Of the stored bytes, in lower-case hexadecimal.
  package var sha256: String
  /// What the stored bytes were compared with by whoever fed them; nil when with nothing.
  package var verifiedBy: String?
  /// Harmless oddities, each a sentence.
  package var notes: [String]
}

/// Stored bytes being read without their compressions.
package struct UnwrappedStream: Sendable {
  /// Up to 64 KiB of decoded bytes.
  package var head: [UInt8] { chain.head }
  /// The compressions taken off, outermost first.
  package var layers: [Compression] { chain.layers }
  /// Reads from the first decoded byte, the head included. A regular file when nothing had to be taken off, else a pipe.
  package var descriptor: Descriptor { chain.descriptor }
  /// Stored bytes read so far.
  package var storedBytes: Int64 { chain.source.bytesRead }
  /// Decoded bytes so far; nil where they are the stored ones.
  package var decodedBytes: Int64? { chain.pumps.last?.bytesRead }

  private let chain: DecodingChain
  private let expectation: StoredExpectation

  init(_ chain: DecodingChain, _ expectation: StoredExpectation) {
    self.chain = chain
    self.expectation = expectation
  }

  /// Waits until the last stored byte was read, whatever came of it; judging it is for `finish`.
  package func arrival() async { _ = try? await chain.source.result() }

  /// Ends everything without waiting for the rest. Repeating it, or after `finish`, is a no-op.
  package func stop() { chain.stop(as: .cancelled) }

  /// Waits until all stored bytes have been read and judged, reading on where the consumer stopped early, and closes `descriptor`
  /// when nobody took it. Cancelling the task ends the reading.
  ///
  /// - Throws: What the feed throws, and `Fault`: `checksum_mismatch`, `backup_truncated`, `backup_damaged`, `backup_unreadable`, `unsafe_content`,
  ///   `tool_failed`, `interrupted`.
  package func finish() async throws -> StreamSummary {
    chain.descriptor.close()
    return try await withTaskCancellationHandler {
      var notes: [String] = []
      let broken = await judgeTools(&notes)
      // Reading on tells whether the file is still what its checksum was made of; without one there is nothing to learn.
      if broken != nil, expectation.sha256 == nil, chain.feed?.canVerify != true { chain.source.cancel() }
      for pump in chain.pumps {
        do { _ = try await pump.result() } catch {
          stop()
          throw error
        }
      }
      let stored: BytePump.Result
      do { stored = try await chain.source.result() } catch {
        chain.feed?.stop()
        throw broken ?? error
      }
      // A feed that failed ends the bytes like one that is done, so whatever else went wrong may only follow from it.
      let fed = try await chain.feed?.finish()
      notes += fed?.notes ?? []
      let sha256 = Hexadecimal.encode(stored.sha256 ?? [])
      try judge(stored, sha256, broken, isVerified: fed?.verifiedBy != nil)
      return StreamSummary(
        storedBytes: stored.bytesRead, decodedBytes: decodedBytes, sha256: sha256, verifiedBy: fed?.verifiedBy, notes: notes)
    } onCancel: {
      stop()
    }
  }

  /// The first fault that a decompressor found, outermost first. One ended by our own stop says nothing of the backup.
  private func judgeTools(_ notes: inout [String]) async -> Fault? {
    var first: Fault?
    for (compression, tool) in zip(chain.layers, chain.tools) {
      switch DecompressionJudgement(compression, await tool.exit(), name: expectation.name) {
      case .whole: continue
      case .note(let note): notes.append(note)
      case .fault(let fault): first = first ?? fault
      }
    }
    return first
  }

  private func judge(_ stored: BytePump.Result, _ sha256: String, _ broken: Fault?, isVerified: Bool) throws {
    let name = expectation.name
    let matches = expectation.sha256.map { $0 == sha256 } ?? (isVerified ? true : nil)
    if let broken {
      let advice =
        switch matches {
        case true?: "Its checksum is right: it was already so when the checksum was made"
        case false?: "Its SHA-256 is not the expected one either: it changed after it was made"
        case nil: broken.advice
        }
      throw Fault(broken.code, broken.message, advice: advice)
    }
    if let bytes = expectation.bytes, bytes != stored.bytesRead {
      throw Fault(
        .backupUnreadable, "\(name) gave \(stored.bytesRead) bytes where \(bytes) were announced", advice: "Is somebody still writing it?",
        isTransient: true)
    }
    if let expected = expectation.sha256, matches == false {
      throw Fault(
        .checksumMismatch, "\(name) has SHA-256 \(sha256), and its checksum file says \(expected)",
        advice: "It changed after the checksum was made, or the checksum is of another file")
    }
  }
}
