import DrillModel
import ToolRunner

/// Applies the events of deltas to a server in their order, one transaction a revision, so that revisions agree.
///
/// Each transaction is guarded: every key it changes must be as the event says it was before. One whose keys are otherwise belongs to another
/// cluster's history, and does nothing. While the server carries one out, the events of the next are read. Blocks, and belongs to one
/// thread.
final class DeltaReplay {
  /// What came of one delta.
  struct Result: Sendable {
    var applied = 0
    var skipped = 0
    var leases = 0
    var newest: Timestamp?
  }

  /// The server took no more.
  struct Lost: Error {
    var after: Int64
    var why: String
  }

  /// Keys of one transaction that are guarded; a revision that deletes a million is known by its first.
  private static let guarded = 1000

  private let client: EtcdClient
  private let stop: StopFlag
  /// The transaction that the server has not answered yet.
  private var pending: (call: UInt32, events: [DeltaEvent])?
  /// The revision that the server stands at.
  private(set) var revision: Int64

  init(_ client: EtcdClient, at revision: Int64, stop: StopFlag) {
    self.client = client
    self.revision = revision
    self.stop = stop
  }

  /// Applies all of a delta that the server has not yet.
  ///
  /// - Parameter last: The revision that its name ends with.
  /// - Throws: `Fault`, `Lost`, or `CancellationError` once stopped.
  func apply(_ reader: DeltaReader, named name: String, last: Int64) throws -> Result {
    let (base, title) = (revision, name)
    var (result, group) = (Result(), [DeltaEvent]())
    do {
      while let event = try reader.next() {
        if let time = event.time { result.newest = max(result.newest ?? time, time) }
        if event.lease != 0 { result.leases += 1 }
        if event.revision <= base {
          guard group.isEmpty else { throw outOfOrder(event.revision, after: group[0].revision, in: title) }
          result.skipped += 1
          continue
        }
        if let current = group.first?.revision, current != event.revision {
          try send(group, in: title)
          group.removeAll()
        }
        group.append(event)
        result.applied += 1
      }
      if !group.isEmpty { try send(group, in: title) }
      try settle(title)
    } catch let failure as RPCChannel.Failure {
      if stop.isStopped { throw CancellationError() }
      throw Lost(after: revision, why: failure.text)
    }
    guard revision == last else {
      throw Fault(
        .restoreFailed, "after \(title) the server stands at revision \(revision), and the delta ends at \(last)",
        advice: "Look for deltas that are missing, or of another cluster, in the store")
    }
    return result
  }

  private func send(_ events: [DeltaEvent], in name: String) throws {
    try settle(name)
    guard events[0].revision == revision + 1 else { throw outOfOrder(events[0].revision, after: revision, in: name) }
    if stop.isStopped { throw CancellationError() }
    pending = (try client.begin(Transaction.message(events, guarding: Self.guarded)), events)
  }

  /// Waits for the answer that is owed, and judges it.
  private func settle(_ name: String) throws {
    guard let (call, events) = pending else { return }
    var answer = try client.channel.answer()
    while answer.call != call { answer = try client.channel.answer() }
    pending = nil
    let (succeeded, reached) = Transaction.outcome(try answer.result.get())
    guard succeeded else { throw foreign(events, name) }
    guard reached == events[0].revision else {
      throw Fault(
        .restoreFailed, "while \(name) was applied the server came to revision \(reached) where the delta has \(events[0].revision)")
    }
    revision = reached
  }

  private func outOfOrder(_ found: Int64, after last: Int64, in name: String) -> Fault {
    Fault(
      .restoreFailed, "in \(name) revision \(found) follows \(last)",
      advice: "A file is missing, or files of different clusters lie in one store")
  }

  private func foreign(_ events: [DeltaEvent], _ name: String) -> Fault {
    let keys = events.prefix(3).map { InertText.line(String(decoding: $0.key, as: UTF8.self), limit: 80) }.joined(separator: ", ")
    return Fault(
      .restoreFailed,
      "\(name) does not continue what was restored: at revision \(events[0].revision) it changes keys from a state in which they are not (\(keys))",
      advice: "Files of different clusters lie in one store, or the full snapshot is not the one that these deltas build on")
  }
}
