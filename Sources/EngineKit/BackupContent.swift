package import DrillModel
package import Selecting
package import ToolRunner

/// The beginning of a backup once every compression is off, enough to tell its format.
package struct ContentHead: Sendable {
  /// The artefact's name, for messages only: content decides.
  package var name: String
  /// Up to 64 KiB of decoded bytes; empty for a directory.
  package var bytes: [UInt8]
  /// Entries of the top level when the artefact is a directory, else nil.
  package var directory: String?
  /// The compressions taken off, outermost first.
  package var layers: [Compression]
  /// Bytes stored, where known.
  package var storedBytes: Int64?

  package init(name: String, bytes: [UInt8], directory: String? = nil, layers: [Compression] = [], storedBytes: Int64? = nil) {
    self.name = name
    self.bytes = bytes
    self.directory = directory
    self.layers = layers
    self.storedBytes = storedBytes
  }
}

/// What an engine saw in the head of a backup.
package struct BackupIdentity: Sendable {
  /// For people: `pg_dump custom format 1.14 from PostgreSQL 13.3`.
  package var format: String
  package var intake: Intake
  /// When the backup was taken, from metadata with a zone.
  package var takenAt: Timestamp?
  /// The same from a header without a zone.
  package var localTime: CivilTime?
  /// A first guess of the disk that restoring needs, in bytes.
  package var spaceNeeded: Int64
  /// How many times its stored bytes each further artefact of the point takes on disk.
  package var chainFactor: Int64
  /// The artefact's name, where the engine knows names that promise what is inside.
  package var name: String?

  /// What a whole point needs, as far as the stored sizes are known.
  package func spaceNeeded(with chain: some Sequence<Artefact>) -> Int64 {
    let bytes = chain.reduce(Int64(0)) { $0.addingReportingOverflow($1.bytes ?? 0).partialValue }
    let (more, overflow) = bytes.multipliedReportingOverflow(by: chainFactor)
    return overflow ? .max : spaceNeeded.addingReportingOverflow(more).overflow ? .max : spaceNeeded + more
  }

  /// How an engine must be given the content.
  package enum Intake: Sendable, Hashable {
    /// Decoded bytes in order.
    case stream
    /// A decoded file that can be read at any offset and by name.
    case file
    case directory
    case handle
  }

  package init(
    format: String, intake: Intake, takenAt: Timestamp? = nil, localTime: CivilTime? = nil, spaceNeeded: Int64 = 0,
    chainFactor: Int64 = 0, name: String? = nil
  ) {
    self.format = format
    self.intake = intake
    self.takenAt = takenAt
    self.localTime = localTime
    self.spaceNeeded = spaceNeeded
    self.chainFactor = chainFactor
    self.name = name
  }
}

/// Content in the form that an engine asked for. Whoever opened it checks afterwards that it came through whole.
package enum BackupContent: Sendable {
  /// The read end of a pipe or a file, at the first decoded byte. The engine closes it or gives it away.
  case stream(Descriptor)
  /// A decoded file. `isOurs` when it lies in the scratch directory, else it must not be changed and may be unreadable to a box's user.
  case file(path: String, bytes: Int64, isOurs: Bool)
  case directory(path: String)
  case handle(String)
}
