import DrillModel
import Glibc
import Synchronization
import Testing

@testable import ToolRunner

/// Writes given bytes into a pipe and then ends as it was told to.
private final class PipeFeed: StreamFeed {
  let canVerify: Bool
  private let verdict: Result<StreamFeedReport, Fault>
  private let stops = Atomic<Int>(0)
  let reading: Descriptor

  init(_ bytes: [UInt8], _ verdict: Result<StreamFeedReport, Fault> = .success(StreamFeedReport()), canVerify: Bool = false) throws {
    self.verdict = verdict
    self.canVerify = canVerify
    let pipe = try Pipe()
    reading = pipe.reading
    try startThread("feed") {
      bytes.withUnsafeBytes { _ = try? writeFully(pipe.writing.raw, $0) }
      pipe.writing.close()
    }
  }

  var isStopped: Bool { stops.load(ordering: .relaxed) > 0 }
  func finish() async throws -> StreamFeedReport { try verdict.get() }
  func stop() { stops.add(1, ordering: .relaxed) }
}

@Suite("Bytes that somebody feeds into a pipe")
struct StreamFeedTests {
  private let broken = Fault(.sourceUnreachable, "the store went away", isTransient: true)

  private func read(_ feed: PipeFeed, expecting sha256: String? = nil) async throws -> (
    bytes: Int, result: Result<StreamSummary, any Error>
  ) {
    let stream = try await Unwrapper(tools: tools(), limits: UnpackLimits()).open(
      feed.reading, name: "object", expectedSHA256: sha256, feed: feed)
    let descriptor = stream.descriptor
    let count = try await onThread("reader") {
      var total = 0
      var buffer = [UInt8](repeating: 0, count: 1 << 16)
      while case let count = Glibc.read(descriptor.raw, &buffer, buffer.count), count > 0 { total += count }
      return total
    }
    do { return (count, .success(try await stream.finish())) } catch { return (count, .failure(error)) }
  }

  private func fault(_ result: Result<StreamSummary, any Error>) -> Fault? {
    if case .failure(let error) = result { return error as? Fault }
    return nil
  }

  private func gzip(_ bytes: [UInt8]) async throws -> [UInt8] {
    var command = ToolCommand(try tools().locate("gzip"), ["-c"])
    command.input = .bytes(bytes)
    command.output = .captured(limit: 1 << 24)
    return try await tools().run(command).output
  }

  @Test("a feed that failed is no clean end, though plain text ends like one that is done")
  func plainText() async throws {
    let (count, result) = try await read(PipeFeed(Array("create table x();\n".utf8), .failure(broken)))
    #expect(count == 18)
    #expect(fault(result) == broken)
  }

  @Test("a feed that failed is the cause of what a decompressor says of the bytes so far")
  func compressed() async throws {
    let stored = try await gzip((0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 3) })
    let cut = try await read(PipeFeed(Array(stored.prefix(stored.count / 2)), .failure(broken))).result
    #expect(fault(cut) == broken)
    let alone = try await read(PipeFeed(Array(stored.prefix(stored.count / 2)))).result
    #expect(fault(alone)?.code == .backupTruncated, "without a failed feed the backup itself is cut")
  }

  @Test("a feed that failed before its first byte is told, and not that the backup is empty")
  func nothing() async throws {
    #expect(fault(try await read(PipeFeed([], .failure(broken))).result) == broken)
  }

  @Test("a checksum that the feed found wrong fails bytes that decompress well")
  func mismatch() async throws {
    let wrong = Fault(.checksumMismatch, "object has another CRC32C")
    let stored = try await gzip(Array(repeating: 65, count: 100_000))
    let (count, result) = try await read(PipeFeed(stored, .failure(wrong), canVerify: true))
    #expect(count == 100_000 && fault(result) == wrong)
  }

  @Test("what the feed compared with and noted is in the summary")
  func report() async throws {
    let report = StreamFeedReport(verifiedBy: "CRC32C", notes: ["odd"])
    let summary = try await read(PipeFeed([1, 2, 3], .success(report), canVerify: true)).result.get()
    #expect(summary.verifiedBy == "CRC32C" && summary.notes == ["odd"] && summary.storedBytes == 3)
  }

  @Test("damage that the store's checksum confirms was there when the object was stored")
  func damaged() async throws {
    var stored = try await gzip((0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 3) })
    stored[stored.count / 2] ^= 0x55
    let feed = try PipeFeed(stored, .success(StreamFeedReport(verifiedBy: "CRC32C")), canVerify: true)
    let fault = try #require(fault(try await read(feed).result))
    #expect([.backupDamaged, .backupTruncated].contains(fault.code) && fault.advice?.contains("already so") == true, "\(fault)")
  }

  @Test("stopping the stream stops the feed")
  func stopped() async throws {
    let feed = try PipeFeed(Array(repeating: 1, count: 10))
    let stream = try await Unwrapper(tools: tools(), limits: UnpackLimits()).open(feed.reading, name: "object", feed: feed)
    stream.stop()
    #expect(feed.isStopped)
  }
}
