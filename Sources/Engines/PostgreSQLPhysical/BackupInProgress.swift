import DrillModel
import Foundation
import Manifests
import Selecting

/// Tells base backups that are still being written, which for many terabytes takes many hours, from those that were broken off.
///
/// pg_basebackup writes into the directory's own name, `global/pg_control` last of all files, and the manifest under another name until it
/// is whole (basebackup.c, pg_basebackup.c).
enum BackupInProgress {
  /// The survey without them; each is rejected as one that says nothing yet. Blocks.
  static func setAside(_ survey: Survey) -> Survey {
    var result = survey
    // What is being written is the newest.
    while let newest = result.candidates.last, isUnfinished(newest.artefact), isBeingWritten(newest.artefact.location, survey) {
      result.candidates.removeLast()
      result.rejected.append(
        Rejection(
          artefact: newest.artefact, reason: "still being taken: files of it are being written, and global/pg_control comes last",
          time: newest.order, isSettling: true))
    }
    return result
  }

  private static func isUnfinished(_ artefact: Artefact) -> Bool {
    let files = FileManager.default
    guard artefact.kind == .directory, let names = try? files.contentsOfDirectory(atPath: artefact.location) else { return false }
    // Whoever has come to the manifest has come to the end.
    if names.contains("backup_manifest") { return false }
    let isData = names.contains("backup_label") || names.contains("PG_VERSION")
    return names.isEmpty || names.contains("backup_manifest.tmp")
      || isData && !files.fileExists(atPath: "\(artefact.location)/global/pg_control")
  }

  /// Whether anything in it has changed within `settle`.
  private static func isBeingWritten(_ path: String, _ survey: Survey) -> Bool {
    let oldest = (survey.now - survey.rules.settle).milliseconds / 1000
    if let time = try? FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date,
      Int64(time.timeIntervalSince1970) > oldest
    {
      return true
    }
    do {
      var walker = try TreeWalker(root: path)
      while let entry = try walker.next() { if entry.seconds > oldest { return true } }
    } catch {
      // Whoever restores it says better what cannot be read.
    }
    return false
  }
}
