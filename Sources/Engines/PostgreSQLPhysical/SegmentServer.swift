import DrillModel
import EngineKit
import Glibc
import Synchronization
import ToolRunner
import TreeKit

/// Answers a recovering server's `restore_command`: the boxed shell writes a name into one pipe and reads an exit status from another,
/// and in between what it asked for is moved into the server's pg_wal. The box reaches neither the archive nor a program to copy with.
final class SegmentServer: Sendable {
  /// What was asked for, and what came of it.
  struct Account: Sendable {
    /// The highest segment that was given, and the highest that was asked for and is nowhere in the archive.
    var served: UInt64?
    var missed: UInt64?
    /// Why a segment that is there could not be given; the recovery then ends as failed.
    var fault: (any Error)?
  }

  private let directory: String
  private let source: (file: SegmentFile, stage: SegmentStage)?
  private let size: UInt64
  private let chain: TimelineChain
  private let destination: Descriptor
  private let requests: Descriptor
  private let answers: Descriptor
  private let stop = StopFlag()
  private let state = Mutex(Account())
  private let onServed: @Sendable (_ number: UInt64) -> Void

  /// - Parameters:
  ///   - directory: The staging directory, which is there, belongs to the server's user and holds nothing else.
  ///   - source: The archive; nil answers that nothing is there.
  ///   - wal: The server's pg_wal, open.
  init(
    _ directory: String, owner: Box.User?, source: (file: SegmentFile, stage: SegmentStage)?, chain: TimelineChain, size: UInt64,
    wal: Descriptor, onServed: @escaping @Sendable (UInt64) -> Void
  ) throws {
    self.directory = directory
    self.source = source
    self.chain = chain
    self.size = size
    destination = wal
    self.onServed = onServed
    requests = try SegmentServer.pipe("\(directory)/requests", owner)
    answers = try SegmentServer.pipe("\(directory)/answers", owner)
  }

  /// The setting: two builtins of the shell, so that the box needs no other program.
  var restoreCommand: String {
    // A directory of ours holds no character that means anything to a shell but perhaps a quote of the site's.
    let place = directory.replacing("'", with: "'\\''").replacing("%", with: "%%")
    return "echo '%f' >'\(place)/requests' && read -r answer <'\(place)/answers' && exit $answer"
  }

  var account: Account { state.withLock { $0 } }

  /// Answers until it is stopped; returns then.
  func run() async {
    let (names, feed) = AsyncStream.makeStream(of: String.self)
    let (requests, stop) = (requests, stop)
    let reading = Task { try await onThread("wal requests") { SegmentServer.read(requests, stop) { feed.yield($0) } } }
    await withTaskCancellationHandler {
      for await name in names {
        let answer = await answer(name)
        let line = Array("\(answer)\n".utf8)
        _ = Glibc.write(answers.raw, line, line.count)
        if self.stop.isSet { break }
      }
    } onCancel: {
      self.stop.set()
      feed.finish()
      // A segment that is awaited would hold this up as long as the archive likes.
      if let stage = source?.stage { Task { await stage.stop() } }
    }
    stop.set()
    feed.finish()
    _ = try? await reading.value
    await source?.stage.stop()
  }

  /// The exit status for the shell: 0 given, 1 not in the archive, 255 a fault that must end the recovery.
  private func answer(_ name: String) async -> Int {
    guard let source, let file = LogFile(name, size: size) else { return note(missed: name) }
    do {
      switch file {
      case .segment(let segment):
        guard source.file.catalogue.segments[segment] != nil else { return note(missed: name) }
        try move(try await source.stage.take(segment), to: "RECOVERYXLOG")
        state.withLock { $0.served = max($0.served ?? 0, segment.number) }
        onServed(segment.number)
      case .history(let timeline):
        guard let artefact = source.file.catalogue.histories[timeline] else { return 1 }
        _ = try await source.file.text(artefact, as: "history")
        try move("history", to: "RECOVERYHISTORY")
      case .backupHistory, .partial: return 1
      }
      return 0
    } catch {
      if !(error is CancellationError) { state.withLock { $0.fault = $0.fault ?? error } }
      return 255
    }
  }

  private func note(missed name: String) -> Int {
    if case .segment(let segment)? = LogFile(name, size: size) { state.withLock { $0.missed = max($0.missed ?? 0, segment.number) } }
    return 1
  }

  /// Between two open directories of one file system; neither name is followed.
  private func move(_ name: String, to target: String) throws {
    guard let staging = source?.file.staging, renameat(staging.raw, name, destination.raw, target) == 0 else {
      throw Fault(.scratchUnusable, "a segment of the log cannot be moved to the server: \(systemMessage(errno))")
    }
  }

  private static func pipe(_ path: String, _ owner: Box.User?) throws -> Descriptor {
    guard mkfifo(path, 0o600) == 0, owner.map({ lchown(path, $0.uid, $0.gid) == 0 }) ?? true else {
      throw Fault(.scratchUnusable, "the pipe \(path) cannot be made: \(systemMessage(errno))")
    }
    // Open for both, so that neither side ever waits for the other to open.
    let file = Descriptor(owning: open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC))
    guard file.raw >= 0 else { throw Fault(.scratchUnusable, "the pipe \(path) cannot be opened: \(systemMessage(errno))") }
    return file
  }

  private static func read(_ requests: Descriptor, _ stop: StopFlag, _ found: (String) -> Void) {
    var line: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 512)
    while !stop.isSet {
      var poll = pollfd(fd: requests.raw, events: Int16(POLLIN), revents: 0)
      guard Glibc.poll(&poll, 1, 200) > 0 else { continue }
      let count = Glibc.read(requests.raw, &buffer, buffer.count)
      guard count > 0 else { continue }
      for byte in buffer.prefix(count) {
        if byte == 10 {
          found(String(decoding: line, as: UTF8.self))
          line = []
        } else if line.count < 256 {
          line.append(byte)
        }
      }
    }
  }
}
