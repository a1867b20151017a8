package import DrillModel

/// The right to carry out one run, held as long as this value lives (and this process with it).
///
/// Letting go of it without sealing leaves the run to be reaped: its lock is free at once, its row stays.
package final class RunClaim: Sendable {
  package let run: RunID
  package let drill: String
  package let trigger: RunRecord.Trigger
  /// The due instant that the run answers; nil for a run by hand.
  package let due: Timestamp?
  package let claimedAt: Timestamp
  /// Grows with every take-over; a write under an older epoch is refused.
  package let epoch: Int64
  let lock: FileLock

  init(run: RunID, drill: String, trigger: RunRecord.Trigger, due: Timestamp?, claimedAt: Timestamp, epoch: Int64, lock: FileLock) {
    self.run = run
    self.drill = drill
    self.trigger = trigger
    self.due = due
    self.claimedAt = claimedAt
    self.epoch = epoch
    self.lock = lock
  }
}

/// How asking for a run came out.
package enum ClaimOutcome: Sendable {
  case claimed(RunClaim)
  /// A living run of the same drill is there.
  case busy(RunID, since: Timestamp)
  /// This due instant has its outcome already: the run that answered it, or nil for a miss.
  case decided(RunID?)
}

/// A claimed run that was never sealed.
package struct UnfinishedRun: Sendable {
  package let run: RunID
  package let drill: String
  package let trigger: RunRecord.Trigger
  package let due: Timestamp?
  package let startedAt: Timestamp
  package let host: String
  /// The boot during which it was claimed; processes of another boot are gone.
  package let bootID: String
  package let pid: Int32
  package let epoch: Int64
  package let resources: [ScratchResource]
  package let processes: [RecordedProcess]
  /// What was known when verification ended; nil when the run did not come that far.
  package let core: RunRecord?
  /// Whether its process lives, at the moment of asking.
  package let isAlive: Bool
}

/// A started program, by marks that no other process can have.
package struct RecordedProcess: Sendable, Hashable {
  package var bootID: String
  package var pid: Int32
  /// Field 22 of /proc/PID/stat: clock ticks after boot.
  package var startTime: Int64
  package var processGroup: Int32

  package init(bootID: String, pid: Int32, startTime: Int64, processGroup: Int32) {
    self.bootID = bootID
    self.pid = pid
    self.startTime = startTime
    self.processGroup = processGroup
  }
}
