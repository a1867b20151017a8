import DrillModel
import EngineKit
import Glibc
import Selecting
import ToolRunner
import TreeKit

/// Writes one segment from the archive to the staging directory and looks whether it is what its name says.
struct SegmentFile: Sendable {
  /// The staging directory, open: whatever becomes of its name, files are made in it and nowhere else.
  let staging: Descriptor
  let owner: Box.User?
  let archive: LogArchive
  let catalogue: LogCatalogue
  let system: String

  /// Fetches a segment under a name of the staging directory. Cancelling ends it.
  ///
  /// - Throws: `Fault` that tells a cut, a foreign and a damaged segment apart, and what the archive throws.
  func fetch(_ segment: Segment, as name: String) async throws {
    guard let artefact = catalogue.segments[segment] else { throw Fault(.internalError, "a segment that was not listed was asked for") }
    let (bytes, head) = try await write(artefact.name, try await archive.open(artefact), as: name, limit: Int64(catalogue.size))
    try judge(segment, artefact.name, bytes, head)
  }

  /// Fetches a small text, such as a history file, under a name of the staging directory, and gives it.
  func text(_ artefact: Artefact, as name: String) async throws -> String {
    let (_, head) = try await write(artefact.name, try await archive.open(artefact), as: name, limit: 64 << 10)
    return String(decoding: head, as: UTF8.self)
  }

  /// - Returns: How many bytes there were, and the first 64 KiB of them.
  private func write(_ name: String, _ opened: OpenedLink, as file: String, limit: Int64) async throws -> (Int64, [UInt8]) {
    guard case .stream(let source) = opened.content else {
      opened.stop()
      throw Fault(.backupWrongFormat, "\(shown(name)) in \(archive.location) is a directory")
    }
    unlinkat(staging.raw, file, 0)
    let target = Descriptor(owning: openat(staging.raw, file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600))
    guard target.raw >= 0 else {
      opened.stop()
      throw unusable(errno)
    }
    let stop = StopFlag()
    do {
      let result = try await withTaskCancellationHandler {
        try await onThread("wal fetch") { try copy(source, target, limit, stop) }
      } onCancel: {
        stop.set()
        opened.stop()
      }
      // Beyond the limit nothing more is read: too long is judged as it is.
      if result.bytes <= limit { try await opened.finish() } else { opened.stop() }
      return result
    } catch {
      opened.stop()
      throw error
    }
  }

  private func copy(_ source: Descriptor, _ target: Descriptor, _ limit: Int64, _ stop: StopFlag) throws -> (bytes: Int64, head: [UInt8]) {
    defer { target.close() }
    let input = ArchiveInput(source) { stop.isSet }
    var head: [UInt8] = []
    while input.offset <= limit {
      let part = try input.some(limit: 1 << 20)
      if part.isEmpty { break }
      if head.count < 64 << 10 { head += part.prefix((64 << 10) - head.count) }
      var rest = part
      while !rest.isEmpty {
        let count = Glibc.write(target.raw, rest.baseAddress, rest.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { throw unusable(errno) }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      }
    }
    if let owner, fchown(target.raw, owner.uid, owner.gid) != 0 { throw unusable(errno) }
    return (input.offset, head)
  }

  /// Every segment begins with a long page header (xlog_internal.h, XLogLongPageHeaderData): at 2 flags, at 8 the page's position, at 24
  /// the system identifier, at 32 the size of a segment.
  private func judge(_ segment: Segment, _ name: String, _ bytes: Int64, _ head: [UInt8]) throws {
    guard bytes == Int64(catalogue.size) else {
      let what = bytes < Int64(catalogue.size) ? "is cut: it" : "is too long: it"
      throw Fault(
        bytes < Int64(catalogue.size) ? .backupTruncated : .backupDamaged,
        "the segment \(shown(name)) of \(archive.location) \(what) holds \(bytes) bytes\(bytes > Int64(catalogue.size) ? " or more" : "") "
          + "where a segment has \(catalogue.size)",
        advice: "An archive_command must copy whole files and give them their name last")
    }
    func number<N: FixedWidthInteger>(_ offset: Int, _ type: N.Type) -> N {
      head.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: N.self) }
    }
    guard head.count >= 40, number(2, UInt16.self) & 2 != 0, number(32, UInt32.self) == UInt32(clamping: catalogue.size) else {
      throw Fault(
        .backupDamaged, "the segment \(shown(name)) of \(archive.location) does not begin as a segment of write-ahead log does",
        advice: "Look at what archived it and at the storage it lay on")
    }
    let found = String(number(24, UInt64.self))
    guard found == system else {
      throw Fault(
        .restoreFailed,
        "the log archive is another server's: the segment \(shown(name)) of \(archive.location) has the system identifier \(found), and the "
          + "backup has \(system)",
        advice: "Give `logs` the archive of the server that was backed up; a server that was initialised anew needs an archive of its own")
    }
    let position = number(8, UInt64.self)
    guard position == segment.number * catalogue.size else {
      throw Fault(
        .backupDamaged,
        "the segment \(shown(name)) of \(archive.location) holds another part of the log: it begins at \(LogPosition(bytes: position))",
        advice: "Look at what archived it; a file under a wrong name breaks every recovery that needs it")
    }
  }

  private func shown(_ name: String) -> String { InertText.line(name, limit: 120) }

  private func unusable(_ code: Int32) -> Fault {
    let isFull = code == ENOSPC || code == EDQUOT
    return Fault(
      isFull ? .noSpace : .scratchUnusable, "a segment of the log cannot be written to the scratch directory: \(systemMessage(code))",
      advice: "Check scratch.directory in the site file and its free space")
  }
}
