import DrillModel
import Foundation

/// What a source of snapshots hands to the engine that restores them, in place of bytes.
package protocol SnapshotHandle: Codable, Sendable {
  /// The engine that restores it, and what drill files name it by: `rds`, `rds:INSTANCE`.
  static var engine: String { get }
  static var origin: String { get }
}

extension SnapshotHandle {
  /// Reads a handle.
  ///
  /// - Throws: `Fault` with code `configuration` for a handle of another source.
  package init(handle: String) throws {
    guard let point = try? JSONDecoder().decode(Self.self, from: Data(handle.utf8)) else {
      throw Fault(
        .configuration, "the engine \(Self.engine) restores what `from: \(Self.origin)` lists, and was given something else",
        advice: "Write `from: \(Self.origin)`, or use the engine that fits the backups")
    }
    self = point
  }

  /// For `OpenedArtefact.handle`.
  ///
  /// - Throws: what the encoder throws, which it does not for these values.
  package var handle: String {
    get throws { String(decoding: try JSONEncoder().encode(self), as: UTF8.self) }
  }
}
