package import DrillModel

/// One thing found in a backup store, before anything is judged about it.
package struct Artefact: Sendable, Hashable {
  /// Where it is, as a person or another tool would write it: an absolute path or a URI.
  package var location: String
  /// Its name relative to the root of the listing, with `/` between folders.
  package var name: String
  package var kind: Kind
  /// Bytes stored; nil where the store does not say (a directory).
  package var bytes: Int64?
  /// When the state it holds was taken, where the store itself knows and vouches for it (a provider's snapshot).
  package var takenAt: Timestamp?
  /// The store's modification time, which copying resets.
  package var modified: Timestamp?
  /// What a checksum file beside it says its SHA-256 is, as 64 lower-case hexadecimal digits.
  package var expectedSHA256: String?
  /// Why a checksum file that lies beside it says nothing usable; nil when there is none or it does. Such a backup cannot be verified as
  /// its owner meant it to be, and is rejected.
  package var checksumProblem: String?
  /// Where a checksum file beside it lies that is read only when it is opened; nil when there is none or it has been read.
  package var checksumLocation: String?
  /// Why the store could not give its bytes now (`archived in GLACIER: …`), for which it is rejected; nil when nothing is known to
  /// stand in the way.
  package var obstacle: String?
  /// Whether the store can tell that somebody is still writing it.
  package var isBeingWritten: Bool
  /// Whether the store vouches that nothing more of it will come (a snapshot that failed), so that being young excuses nothing.
  package var isFinal = false
  /// How long after `modified` more of it may come, where that is longer than `settle`: a backup of terabytes is taken for many hours.
  package var patience: Duration?

  package enum Kind: Sendable, Hashable {
    case file
    case directory
    /// Neither: named for people (`symbolic link`, `FIFO`, `socket`).
    case other(String)
  }

  package init(
    location: String, name: String, kind: Kind = .file, bytes: Int64?, modified: Timestamp?, expectedSHA256: String? = nil,
    checksumProblem: String? = nil, isBeingWritten: Bool = false, takenAt: Timestamp? = nil, obstacle: String? = nil
  ) {
    self.location = location
    self.name = name
    self.kind = kind
    self.bytes = bytes
    self.modified = modified
    self.expectedSHA256 = expectedSHA256
    self.checksumProblem = checksumProblem
    self.isBeingWritten = isBeingWritten
    self.takenAt = takenAt
    self.obstacle = obstacle
  }
}
