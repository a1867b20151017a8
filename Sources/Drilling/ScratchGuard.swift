import DrillConfig
import DrillModel
import Foundation
import ToolRunner

/// Refuses a scratch place that would endanger backups or fill the disk.
struct ScratchGuard {
  let scratch: String

  /// Neither may lie inside the other: cleanup would reach the backups, or the next listing would find scratch files.
  ///
  /// - Throws: `Fault` with code `production_guard`.
  func check(against sources: [String]) throws {
    try prepare()
    let ours = resolved(scratch)
    for source in sources.map(resolved) where contains(source, ours) || contains(ours, source) {
      throw Fault(
        .productionGuard, "the scratch directory \(scratch) and the backups in \(source) lie inside one another",
        advice: "Set scratch.directory in the site file to a place of its own")
    }
  }

  /// - Throws: `Fault` with code `no_space` when restoring would leave less free than is to be kept.
  func checkSpace(needed: Int64, keep: FreeSpace) throws {
    let space = try Space(of: scratch)
    let kept: Int64 =
      switch keep {
      case .share(let share): Int64(Double(space.total) * share)
      case .bytes(let bytes): bytes
      }
    guard space.free - needed >= kept else {
      throw Fault(
        .noSpace,
        "\(scratch) has \(ByteCount.text(space.free)) free; the restore needs about \(ByteCount.text(needed)) and \(ByteCount.text(kept)) must stay free",
        advice: "Free some space, move scratch.directory, or lower scratch.keep-free")
    }
  }

  private func prepare() throws {
    guard !FileManager.default.fileExists(atPath: scratch) else { return }
    do {
      // Others may search it, or a box's user would not reach its own directory; the umask must not take that away.
      try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
      try FileManager.default.setAttributes([.posixPermissions: 0o711], ofItemAtPath: scratch)
    } catch {
      throw Fault(
        .scratchUnusable, "the scratch directory \(scratch) cannot be made", advice: "Check the owner and mode of the directory above it")
    }
  }

  private func resolved(_ path: String) -> String { URL(fileURLWithPath: path).resolvingSymlinksInPath().standardizedFileURL.path }

  private func contains(_ outer: String, _ inner: String) -> Bool { inner == outer || inner.hasPrefix(outer == "/" ? "/" : outer + "/") }
}

/// The scratch directory, looked at without a run.
package enum ScratchPlace {
  /// Free bytes there.
  ///
  /// - Throws: `Fault` when it cannot be made or written.
  package static func examine(_ settings: RunSettings) throws -> Int64 {
    let guardian = ScratchGuard(scratch: settings.scratch)
    try guardian.check(against: [])
    try guardian.checkSpace(needed: 0, keep: settings.keepFree)
    return try Space(of: settings.scratch).free
  }
}
