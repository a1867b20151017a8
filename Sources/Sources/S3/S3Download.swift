import AWSClient
import DrillModel
import Glibc
import HTTPTransport
import Selecting
import ToolRunner

/// One object on its way into a pipe: several threads fetch ranges of it, one puts them in order, judges and writes them.
final class S3Download: StreamFeed {
  let canVerify: Bool
  private let cancellation = Cancellation()
  private let window: RangeWindow
  private let work: Task<StreamFeedReport, any Error>

  /// Starts at once, and closes `pipe` at its end, whatever that is.
  init(_ opening: S3Opening, source: S3Source, into pipe: Descriptor) {
    let object = opening.object
    let transfer = source.transfer
    let window = RangeWindow(
      bytes: max(1, object.bytes), partBytes: transfer.partBytes, buffers: transfer.buffers, connections: transfer.connections)
    let cancellation = cancellation
    self.window = window
    canVerify = opening.comparison != nil
    work = Task {
      defer { pipe.close() }
      guard object.bytes > 0 else { return StreamFeedReport() }
      return try await withThrowingTaskGroup(of: StreamFeedReport?.self) { group in
        for _ in 0..<min(transfer.connections, window.partCount) {
          group.addTask {
            try? await onThread("s3 get") { S3Download.fetch(object, source, window, cancellation) }
            return nil
          }
        }
        group.addTask {
          try await onThread("s3 put") {
            defer { pipe.close() }
            return try S3Download.hand(opening, source, window, pipe, cancellation)
          }
        }
        var report = StreamFeedReport()
        for try await result in group { report = result ?? report }
        return report
      }
    }
  }

  func finish() async throws -> StreamFeedReport {
    try await withTaskCancellationHandler {
      try await work.value
    } onCancel: {
      stop()
    }
  }

  func stop() {
    _ = window.fail(Fault(.interrupted, "reading the backup was stopped"))
    cancellation.cancel()
  }

  /// One fetching thread: part after part until there is none. It connects once there is one for it.
  private static func fetch(_ object: S3Object, _ source: S3Source, _ window: RangeWindow, _ cancellation: Cancellation) {
    guard let first = window.claim() else { return }
    do {
      try source.withClient(cancellation, isKnown: true) { client in
        var claimed: RangeWindow.Part? = first
        while let part = claimed {
          try fetch(part, of: object, client, window, holding: source.transfer.hold)
          claimed = window.claim()
        }
      }
    } catch {
      // Told before the others are stopped, so that their being stopped is not taken for the cause.
      _ = window.fail(
        (error as? Fault) ?? (error as? TransportError)?.fault() ?? Fault(.internalError, "fetching \(object.key) failed"))
      cancellation.cancel()
    }
  }

  /// One part. An answer that comes too far ahead of its buffer is let go, and asked for again once there is one.
  private static func fetch(
    _ part: RangeWindow.Part, of object: S3Object, _ client: S3Client, _ window: RangeWindow, holding hold: Duration
  ) throws {
    let place = Place()
    do {
      try client.read(object, part.range) { piece in
        if place.offset == 0, !window.awaitBuffer(of: part, atMost: hold) {
          place.isTooEarly = true
          return false
        }
        defer { place.offset += piece.count }
        return window.add(piece, to: part, at: place.offset)
      }
    } catch {
      guard place.isTooEarly, window.awaitBuffer(of: part, atMost: nil) else { throw error }
      try fetch(part, of: object, client, window, holding: hold)
    }
  }

  /// The writing thread: bytes in order into the digest and the pipe.
  private static func hand(
    _ opening: S3Opening, _ source: S3Source, _ window: RangeWindow, _ pipe: Descriptor, _ cancellation: Cancellation
  ) throws -> StreamFeedReport {
    let location = source.bucket.location(of: opening.object.key)
    do {
      var digest = opening.comparison.flatMap { ObjectDigest($0.checksum, partBytes: $0.partBytes) }
      for number in 0..<window.partCount {
        var offset = 0
        while offset < window.length(of: number) {
          let bytes = try window.bytes(of: number, beyond: offset)
          digest?.update(bytes)
          try PipeWriter.write(bytes, to: pipe, cancellation)
          offset += bytes.count
        }
        window.giveBack(number)
      }
      // The reader may go on while the verdict is found.
      pipe.close()
      return try ObjectJudgement(opening, source: source, cancellation: cancellation).report(digest)
    } catch {
      let fault = (error as? Fault) ?? Fault(.internalError, "handing on \(location) failed")
      let first = window.fail(fault)
      cancellation.cancel()
      throw first
    }
  }

  /// How far one part is; touched by its fetching thread alone.
  private final class Place: @unchecked Sendable {
    var offset = 0
    /// Its buffer did not come free while the store was kept waiting.
    var isTooEarly = false
  }
}

/// Writes into a pipe whose reader may be slow, or leave.
enum PipeWriter {
  /// - Throws: `Fault` with code `interrupted` when the reader has left or the flag was set.
  static func write(_ bytes: UnsafeRawBufferPointer, to pipe: Descriptor, _ cancellation: Cancellation) throws {
    let raw = pipe.raw
    if fcntl(raw, F_GETFL) & O_NONBLOCK == 0 { _ = fcntl(raw, F_SETFL, fcntl(raw, F_GETFL) | O_NONBLOCK) }
    var rest = bytes[...]
    while !rest.isEmpty {
      if cancellation.isCancelled { throw Fault(.interrupted, "reading the backup was stopped") }
      var watched = pollfd(fd: raw, events: Int16(POLLOUT), revents: 0)
      // A while, and not for ever: the flag wakes nobody.
      guard poll(&watched, 1, 200) > 0 else { continue }
      let count = Glibc.write(raw, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if count >= 0 {
        rest = rest.dropFirst(count)
      } else if errno == EPIPE {
        throw Fault(.interrupted, "whoever reads the backup left before its end")
      } else if errno != EAGAIN, errno != EINTR {
        throw Fault(.toolFailed, "the backup could not be handed on: \(String(cString: strerror(errno)))")
      }
    }
  }
}
