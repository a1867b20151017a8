import DrillConfig
import DrillModel
import EngineKit
import Selecting
import ToolRunner

/// A backup that was opened, decompressed and recognised.
struct RecognisedContent: Sendable {
  let identity: BackupIdentity
  let source: Source

  enum Source: Sendable {
    /// Bytes through the unwrapper, and the path of the stored file when it lies on this machine.
    case bytes(UnwrappedStream, path: String?)
    case directory(String)
    case handle(String)
  }

  /// Ends the reading; a no-op once it has ended.
  func stop() { if case .bytes(let stream, _) = source { stream.stop() } }
}

extension RunDrive {
  /// Opens the chosen artefact, takes compressions off until content is bare, and lets the engine recognise it.
  mutating func openContent(_ candidate: Candidate, _ context: EngineContext) async throws -> RecognisedContent {
    begin(.fetch)
    let source = try plan.source.with(context.secrets)
    let late = Fault(
      .sourceUnreachable, "\(candidate.artefact.location) could not be opened within \(plan.drill.deadlines[.select].readable)",
      advice: "Check the store, or raise deadlines.select", isTransient: true)
    let opened = try await withDeadline(plan.drill.deadlines[.select], otherwise: late) { try await source.open(candidate.artefact) }
    let content: RecognisedContent
    switch opened {
    case .file(let descriptor, let path, let bytes):
      content = try await recognise(StoredStream(descriptor, bytes: bytes), path: path, candidate, context)
    case .stream(let stored): content = try await recognise(stored, path: nil, candidate, context)
    case .directory(let path):
      let head = ContentHead(name: candidate.artefact.name, bytes: [], directory: path)
      content = RecognisedContent(identity: try plan.engine.inspect(head), source: .directory(path))
    case .handle(let handle):
      let head = try plan.engine.head(ofHandle: handle, from: source.location)
      content = RecognisedContent(identity: try plan.engine.inspect(head), source: .handle(handle))
    }
    do {
      try refineTime(content.identity)
      observe(.note("\(candidate.artefact.name) is \(content.identity.format)"))
      try checkSpace(content.identity)
      return content
    } catch {
      content.stop()
      throw error
    }
  }

  private mutating func recognise(
    _ stored: StoredStream, path: String?, _ candidate: Candidate, _ context: EngineContext
  ) async throws -> RecognisedContent {
    let name = candidate.artefact.name
    let unwrapper = Unwrapper(tools: context.tools, limits: plan.drill.limits, user: context.user)
    let stream = try await unwrapper.open(
      stored.descriptor, name: name, bytes: stored.bytes, expectedSHA256: stored.expectedSHA256 ?? candidate.artefact.expectedSHA256,
      feed: stored.feed)
    let head = ContentHead(name: name, bytes: stream.head, layers: stream.layers, storedBytes: stored.bytes)
    do {
      return RecognisedContent(identity: try plan.engine.inspect(head), source: .bytes(stream, path: path))
    } catch {
      // A stream that is cut or damaged explains why its beginning was not recognised, so that is told instead.
      try recordArrival(try await judged(stream))
      throw error
    }
  }

  /// The header of the chosen point is read only now, and may know the time better than its name.
  private mutating func refineTime(_ identity: BackupIdentity) throws {
    guard let chosen = state.chosen else { return }
    let (refined, note) = try chosen.refined(takenAt: identity.takenAt, localTime: identity.localTime, rules: plan.drill.rules)
    state.chosen = refined
    if let note { state.notes.append(note) }
  }

  /// The same for a time that only the content's end gave.
  private mutating func refineTime(completed: CivilTime) throws {
    guard let chosen = state.chosen else { return }
    let (refined, note) = try chosen.refined(completed: completed, rules: plan.drill.rules)
    state.chosen = refined
    if let note { state.notes.append(note) }
  }

  private func checkSpace(_ identity: BackupIdentity) throws {
    let needed = identity.spaceNeeded(with: state.chosen?.chain ?? [])
    try ScratchGuard(scratch: runner.settings.scratch).checkSpace(needed: needed, keep: runner.settings.keepFree)
  }

  /// Hands the content over in the form the engine asked for, waits until it is loaded and proven to have come through whole.
  mutating func restore(_ content: RecognisedContent, into target: any ScratchTarget, _ context: EngineContext) async throws {
    let late = Fault(
      .deadlineExceeded, "the restore did not end within its deadline of \(plan.drill.deadlines[.restore].readable)",
      advice: "Look at `drillmark log \(state.run)`; raise deadlines.restore if this much time is expected")
    switch content.source {
    case .bytes(let stream, let path):
      if content.identity.intake == .file {
        try await restoreFile(stream, path: path, into: target, context, late)
      } else {
        try await restoreStream(stream, into: target, late)
      }
    case .directory(let path):
      state.report = try await phase(.restore, late: late) { try await target.restore(.directory(path: path)) }
      end(.fetch)
    case .handle(let handle):
      state.report = try await phase(.restore, late: late) { try await target.restore(.handle(handle)) }
      end(.fetch)
    }
    try await rollForward(target)
    for note in state.report?.notes ?? [] { state.note("restore_note", note) }
    if let completed = state.report?.completed { try refineTime(completed: completed) }
    if let dataTime = state.report?.dataTime { state.chosen = state.chosen?.vouched(for: dataTime) }
    let lateReady = Fault(
      .notReady, "the restored system did not answer within \(plan.drill.deadlines[.ready].readable)",
      advice: "Look at `drillmark log \(state.run)`")
    try await phase(.ready, late: lateReady) { try await target.awaitReady() }
    state.readyAt = clocks.elapsed()
  }

  /// Applies what comes after the base, and proves that nothing of the chain was left out.
  private mutating func rollForward(_ target: any ScratchTarget) async throws {
    if target.rollsForward {
      let late = Fault(
        .deadlineExceeded, "the roll-forward did not end within its deadline of \(plan.drill.deadlines[.recover].readable)",
        advice: "Look at `drillmark log \(state.run)`; raise deadlines.recover if this much time is expected")
      let report = try await phase(.recover, late: late) { try await target.recover() }
      state.report = state.report.map { $0.followed(by: report) } ?? report
    }
    let missing = state.arrivals.missing(of: state.chosen?.chain ?? [])
    if let first = missing.first {
      throw Fault(.internalError, "the engine \(plan.engine.name) did not read \(first.name), which the recovery point needs")
    }
  }

  private mutating func restoreStream(_ stream: UnwrappedStream, into target: any ScratchTarget, _ late: Fault) async throws {
    try await load(stream, late) { try await target.restore(.stream(stream.descriptor)) }
  }

  private mutating func restoreFile(
    _ stream: UnwrappedStream, path: String?, into target: any ScratchTarget, _ context: EngineContext, _ late: Fault
  ) async throws {
    if stream.layers.isEmpty, let path {
      let bytes = state.artefact?.bytes ?? 0
      return try await load(stream, late) { try await target.restore(.file(path: path, bytes: bytes, isOurs: false)) }
    }
    let spool = "\(context.directory)/content"
    let limit = plan.drill.deadlines[.fetch]
    let slow = Fault(.sourceUnreachable, "the backup was not fetched within \(limit.readable)", advice: "Raise deadlines.fetch")
    let watch = watchArrival(of: stream)
    let bytes = try await withDeadline(limit, otherwise: slow) { try await Spool.write(stream.descriptor, to: spool) }
    try recordArrival(try await stream.finish())
    state.timeline.end(.fetch, at: await watch.value)
    state.report = try await phase(.restore, late: late) {
      try await target.restore(.file(path: spool, bytes: bytes, isOurs: true))
    }
  }

  /// Restores while the stored bytes are read, and judges both.
  private mutating func load(
    _ stream: UnwrappedStream, _ late: Fault, _ restore: @escaping @Sendable () async throws -> RestoreReport
  ) async throws {
    let watch = watchArrival(of: stream)
    let result: Result<RestoreReport, any Error>
    do { result = .success(try await phase(.restore, late: late, restore)) } catch { result = .failure(error) }
    let summary: Result<StreamSummary, any Error>
    do {
      summary = .success(try await result.isSuccess ? stream.finish() : judged(stream))
    } catch {
      summary = .failure(error)
    }
    state.timeline.end(.fetch, at: await watch.value)
    // A stream that broke is the cause of whatever the engine then stumbled over, so it is told first.
    if case .failure(let fault as Fault) = summary, fault.code != .interrupted { throw fault }
    let report = try result.get()
    try recordArrival(try summary.get())
    state.report = report
  }

  /// Reads the rest of a stream whose consumer gave up, as long as that is worth it.
  private func judged(_ stream: UnwrappedStream) async throws -> StreamSummary {
    let enough = Duration.seconds(600)
    let late = Fault(.interrupted, "the rest of the backup was not read within \(enough.readable)")
    do {
      return try await withDeadline(enough, otherwise: late) { try await stream.finish() }
    } catch {
      stream.stop()
      throw error
    }
  }

  private mutating func recordArrival(_ summary: StreamSummary) throws {
    state.artefact?.sha256 = summary.sha256
    state.artefact?.bytes = summary.storedBytes
    for note in summary.notes { state.note("content_note", note) }
  }

  /// Tells how far the stored bytes are until the last was read, and when that was.
  private func watchArrival(of stream: UnwrappedStream) -> Task<Duration, Never> {
    let (observe, clocks, total) = (observe, clocks, state.artefact?.bytes)
    return Task {
      let ticker = Task {
        while !Task.isCancelled {
          observe(.progressed(.fetch, done: stream.storedBytes, total: total))
          do { try await Task.sleep(for: .milliseconds(200)) } catch { return }
        }
      }
      await stream.arrival()
      ticker.cancel()
      return clocks.elapsed()
    }
  }
}

extension Result {
  fileprivate var isSuccess: Bool { if case .success = self { true } else { false } }
}
