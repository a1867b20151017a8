import DrillModel
import EngineKit
import Foundation
import Glibc
import ToolRunner
import TreeKit

/// A tar archive of a directory of Redis: `appendonlydir` itself, the data directory around it, or one with a folder in front.
struct RedisArchive {
  let limits: UnpackLimits
  let user: Box.User?
  let stop: StopFlag
  let progress: @Sendable (_ done: Int64) -> Void

  /// Whether content begins as such an archive does.
  static func isOne(_ bytes: [UInt8]) -> Bool { (try? TarFormat.judge(bytes)) != nil }

  /// Unpacks it into a new directory. Blocks.
  ///
  /// - Parameter beginning: What was read of `descriptor` already.
  /// - Returns: The directory inside that holds Redis's files.
  /// - Throws: `Fault`, or `CancellationError`.
  func unpack(_ descriptor: Descriptor, beginning: [UInt8], to target: String) throws -> String {
    try Accounts.makeDirectory(target, owner: user, mode: 0o700)
    let builder = try TreeBuilder(root: target, journal: "\(target).directories", limits: limits)
    let stop = stop
    let reader = TarReader(ArchiveInput(descriptor, beginning: beginning) { stop.isSet })
    while let member = try reader.next() {
      try builder.admit(member.name)
      switch member.kind {
      case .file: try builder.unpack(member, from: reader, attributes(0o600)) { progress(reader.input.offset) }
      case .directory:
        try builder.directory(member.name, attributes(0o700))
        guard try reader.input.pass(member.stored, to: { _ in }) else { throw reader.truncated() }
      case .link, .hardLink: throw TreeBuilder.unsafe(member.name, "is a link, which no directory of Redis holds")
      case .special(let what): throw TreeBuilder.unsafe(member.name, "is a \(what), which no directory of Redis holds")
      }
      progress(reader.input.offset)
    }
    guard builder.entries > 0 else { throw Fault(.backupEmpty, "the backup holds no file and no directory", advice: RedisFormat.lookAtJob) }
    try builder.finish()
    return RedisArchive.root(target)
  }

  private func attributes(_ mode: UInt32) -> TreeBuilder.Attributes {
    TreeBuilder.Attributes(
      mode: mode, uid: Int64(user?.uid ?? geteuid()), gid: Int64(user?.gid ?? getegid()), seconds: 0, nanoseconds: 0)
  }

  /// Enters folders that hold nothing but one other, but for the one that Redis itself makes.
  private static func root(_ target: String) -> String {
    var place = target
    for _ in 0..<16 {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: place)) ?? []
      guard names.count == 1, let only = names.first, only != Placement.parts else { break }
      var status = stat()
      guard lstat("\(place)/\(only)", &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { break }
      place += "/\(only)"
    }
    return place
  }
}
