import DrillModel
import EngineKit
import Selecting
import ToolRunner

/// Brings the deltas of a chain to a server, in order. The next one is fetched while one is applied.
struct DeltaRecovery: Sendable {
  let context: EngineContext
  let server: EtcdServer
  /// Where copies of deltas may lie for a while.
  let directory: String

  /// What came of all of them.
  struct Summary: Sendable {
    var applied = 0
    var skipped = 0
    var leases = 0
    var newest: Timestamp?

    mutating func add(_ result: DeltaReplay.Result) {
      applied += result.applied
      skipped += result.skipped
      leases += result.leases
      if let time = result.newest { newest = max(newest ?? time, time) }
    }

    var notes: [String] {
      var notes = [
        "\(applied) events of deltas were applied" + (skipped > 0 ? ", \(skipped) that the full snapshot already holds were not" : "")
      ]
      if leases > 0 { notes.append("\(leases) events put keys with a lease: leases are lost, and these keys never expire") }
      return notes
    }
  }

  /// - Returns: The revision that the server stands at then.
  /// - Throws: `Fault`.
  func applyAll(from revision: Int64) async throws -> (Int64, Summary) {
    var (revision, summary, bytes) = (revision, Summary(), Int64(0))
    let total = context.chain.reduce(Int64(0)) { $0 + ($1.artefact.bytes ?? 0) }
    var coming = context.chain.first.map { fetch($0, 0) }
    do {
      for (index, link) in context.chain.enumerated() {
        guard let current = coming else { break }
        let delta = try await withTaskCancellationHandler {
          try await current.value
        } onCancel: {
          current.cancel()
        }
        coming = index + 1 < context.chain.count ? fetch(context.chain[index + 1], index + 1) : nil
        let result: DeltaReplay.Result
        (revision, result) = try await apply(delta, from: revision)
        delta.copy.remove()
        summary.add(result)
        bytes += link.artefact.bytes ?? 0
        context.progress(.recover, bytes, total)
      }
    } catch {
      coming?.cancel()
      _ = await coming?.result
      throw error
    }
    return (revision, summary)
  }

  /// A delta in the run's directory, whose hash fits.
  private struct Delta: Sendable {
    var copy: HashedCopy
    var name: SnapshotName
    var title: String
  }

  private func fetch(_ link: ChainLink, _ index: Int) -> Task<Delta, any Error> {
    let (context, path, title) = (context, "\(directory)/delta-\(index)", link.artefact.name)
    return Task {
      guard let name = SnapshotName(title) else { throw Fault(.internalError, "\(title) is not the name of a delta") }
      let opened = try await link.open()
      do {
        guard case .stream(let input) = opened.content else { throw Fault(.backupWrongFormat, "\(title) is a directory, not a delta") }
        let copied: Result<HashedCopy, any Error>
        do {
          copied = .success(
            try await StopFlag.run("etcd delta") { stop in
              defer { input.close() }
              return try DeltaRecovery.copy(input, stop, title, path, context)
            })
        } catch { copied = .failure(error) }
        try Task.checkCancellation()
        // A stream that broke is the cause of whatever was then found wrong with it.
        try await opened.finish()
        let copy = try copied.get()
        try DeltaRecovery.check(copy, title)
        return Delta(copy: copy, name: name, title: title)
      } catch {
        opened.stop()
        throw error
      }
    }
  }

  private static func copy(
    _ input: Descriptor, _ stop: StopFlag, _ title: String, _ path: String, _ context: EngineContext
  ) throws -> HashedCopy {
    let source = try HeadedInput(input, stop)
    let packing = Packing.ofDelta(source.head)
    return try HashedCopy.make(of: source, packing: packing, named: title, at: path, limit: context.limits.bytes ?? .max, owner: nil) { _ in
    }
  }

  private static func check(_ copy: HashedCopy, _ title: String) throws {
    guard copy.size > 32 else {
      throw Fault(
        .backupTruncated, "\(title) is cut: its \(copy.size) bytes have no room for events and their hash", advice: "Look at what copies it"
      )
    }
    guard copy.isVerified else {
      throw Fault(
        .checksumMismatch, "\(title) does not fit the SHA-256 at its end: it was changed, cut or damaged after it was saved",
        advice: "Look at the store, and at what copies into it")
    }
  }

  private func apply(_ delta: Delta, from revision: Int64) async throws -> (Int64, DeltaReplay.Result) {
    let server = server
    do {
      return try await StopFlag.run("etcd replay") { stop in
        let client: EtcdClient
        do throws(RPCChannel.Failure) {
          client = try EtcdClient(directory: server.directory, socket: EtcdServer.socket, stop: stop)
        } catch {
          throw DeltaReplay.Lost(after: revision, why: error.text)
        }
        client.channel.setPatience(.seconds(120))
        let reader = DeltaReader(delta.copy.file, length: delta.copy.size - 32, name: delta.title)
        // All of it is in the full snapshot already.
        if revision == delta.name.last { return (revision, try DeltaReplay.skip(reader)) }
        let replay = DeltaReplay(client, at: revision, stop: stop)
        let result = try replay.apply(reader, named: delta.title, last: delta.name.last)
        return (replay.revision, result)
      }
    } catch let lost as DeltaReplay.Lost {
      let what = "the scratch server took no more events of \(delta.title) after revision \(lost.after)"
      if await server.hasEnded() { throw server.fault(.restoreFailed, what) }
      throw Fault(.restoreFailed, "\(what): \(lost.why)", advice: "Run `drillmark log` for what it said")
    }
  }
}

extension Packing {
  /// How a delta is packed: an array of JSON, or one of the tool's compressions that no program of this machine undoes.
  static func ofDelta(_ head: [UInt8]) -> Packing {
    if head.first == UInt8(ascii: "[") { return .none }
    for packing in [Packing.zlib, .lzw] where packing != .zlib || ZlibUnpacker.recognises(head) {
      if packing.head(of: head)?.first == UInt8(ascii: "[") { return packing }
    }
    return .none
  }
}

extension DeltaReplay {
  /// Reads a delta whose every event the server has.
  static func skip(_ reader: DeltaReader) throws -> Result {
    var result = Result()
    while let event = try reader.next() {
      if let time = event.time { result.newest = max(result.newest ?? time, time) }
      result.skipped += 1
    }
    return result
  }
}
