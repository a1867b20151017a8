import Digesting
import DrillModel
import DrillTestSupport
import EngineKit
import Glibc
import SourceS3
import Testing
import ToolRunner

@Suite("An object on its way into the restore", .timeLimit(.minutes(2)))
struct S3DownloadTests {
  private let sample = ScriptedStore.sample(1_000_003)

  private func failure(_ result: Result<StreamFeedReport, any Error>) -> Fault? {
    if case .failure(let error) = result { return error as? Fault }
    return nil
  }

  @Test("ranges that were fetched at once arrive in order, and match the store's MD5")
  func whole() async throws {
    let store = ScriptedStore(sample)
    let (bytes, verdict) = try await store.fetch()
    #expect(bytes == sample)
    #expect(try verdict.get().verifiedBy == "ETag (MD5)")
    let ranges = store.server.requests.filter { $0.method == "GET" }
    #expect(ranges.count == 16 && ranges.allSatisfy { $0.header("If-Match") == ScriptedStore.etag(sample) })
  }

  @Test("objects of no byte, one byte and exactly one part", arguments: [0, 1, 65_536, 65_537])
  func sizes(_ count: Int) async throws {
    let object = Array(sample.prefix(count))
    let (bytes, verdict) = try await ScriptedStore(object).fetch()
    #expect(bytes == object)
    _ = try verdict.get()
  }

  @Test("what was cut goes on from where it ended")
  func resumed() async throws {
    let store = ScriptedStore(sample) { _, number in number.isMultiple(of: 3) ? .serve : .cut(after: 20_000) }
    let (bytes, verdict) = try await store.fetch()
    #expect(bytes == sample)
    _ = try verdict.get()
    let starts = store.server.requests.compactMap { $0.header("Range")?.dropFirst(6).split(separator: "-").first.flatMap { Int($0) } }
    #expect(starts.contains { $0 % 65_536 == 20_000 }, "a cut range is not begun anew")
  }

  @Test("a store that cuts for ever is unreachable, and the bytes so far are no whole backup")
  func cutForEver() async throws {
    let store = ScriptedStore(sample) { _, number in number < 5 ? .serve : .cut(after: 0) }
    let (bytes, verdict) = try await store.fetch()
    #expect(bytes.count < sample.count)
    let fault = try #require(failure(verdict))
    #expect(fault.code == .sourceUnreachable && fault.isTransient && fault.message.contains("s3://bucket/db.dump"))
  }

  @Test(
    "an object that is replaced half-way is told to be so, whether S3 refuses or gives the other",
    arguments: [ScriptedStore.Act.refuse(412, "PreconditionFailed"), .servesAnother])
  func replaced(_ act: ScriptedStore.Act) async throws {
    let (_, verdict) = try await ScriptedStore(sample) { _, number in number < 6 ? .serve : act }.fetch()
    let fault = try #require(failure(verdict))
    #expect(fault.code == .sourceUnreachable && fault.message.contains("replaced"), "\(fault)")
  }

  @Test("a refusal half-way names the permission; an expired session names the credentials")
  func refused() async throws {
    for (act, code, text) in [
      (ScriptedStore.Act.refuse(403, "AccessDenied"), FaultCode.permissionDenied, "s3:GetObject on arn:aws:s3:::bucket/db.dump"),
      (.refuse(400, "ExpiredToken"), .credentials, "expired"), (.refuse(503, "SlowDown"), .sourceUnreachable, "slow down"),
      (.refuse(404, "NoSuchKey"), .sourceUnreachable, "gone"), (.refuse(500, "InternalError"), .sourceUnreachable, "InternalError"),
      (.refuse(403, "KMS.DisabledException"), .permissionDenied, "KMS"),
    ] {
      let (bytes, verdict) = try await ScriptedStore(sample) { _, number in number < 3 ? .serve : act }.fetch()
      let fault = try #require(failure(verdict), "\(text)")
      #expect(fault.code == code && fault.message.contains(text), "\(fault)")
      #expect(bytes.count < sample.count)
    }
  }

  @Test("a store that gives other bytes than it was asked for is not believed", arguments: [ScriptedStore.Act.shift, .overfill])
  func otherRange(_ act: ScriptedStore.Act) async throws {
    let (_, verdict) = try await ScriptedStore(sample) { _, number in number < 2 ? .serve : act }.fetch()
    let fault = try #require(failure(verdict))
    #expect(fault.code == .sourceUnreachable, "\(fault)")
  }

  @Test("one damaged byte is a checksum mismatch, whichever checksum the store keeps")
  func damaged() async throws {
    for algorithm in CyclicRedundancyCheck.Algorithm.allCases {
      var check = CyclicRedundancyCheck(algorithm)
      check.update(sample)
      // An ETag that is no MD5, so that the other one is what finds it.
      let headers = [("x-amz-checksum-\(algorithm.rawValue)", Base64.encode(check.bytes)), ("ETag", "\"opaque\"")]
      let whole = try await ScriptedStore(sample, headers: headers).fetch()
      #expect(try whole.verdict.get().verifiedBy == algorithm.rawValue.uppercased())
      let (bytes, verdict) = try await ScriptedStore(sample, headers: headers) { _, number in number == 7 ? .damage : .serve }.fetch()
      #expect(bytes.count == sample.count)
      #expect(failure(verdict)?.code == .checksumMismatch)
    }
    let (_, verdict) = try await ScriptedStore(sample) { _, number in number == 7 ? .damage : .serve }.fetch()
    #expect(failure(verdict)?.code == .checksumMismatch)
  }

  private func multipart(_ sizes: [Int]) -> String { ScriptedStore.etag(sample, parts: sizes) }

  @Test("the ETag of an upload in parts is compared where they are even, and is no proof of damage where they are not")
  func parts() async throws {
    let even = [300_000, 300_000, 300_000, 100_003]
    let good = ScriptedStore(sample, headers: [("ETag", multipart(even))], parts: even)
    #expect(try await good.fetch().verdict.get().verifiedBy == "ETag (MD5) of 4 parts")
    let bad = ScriptedStore(sample, headers: [("ETag", multipart(even))], parts: even) { _, number in number == 2 ? .damage : .serve }
    #expect(failure(try await bad.fetch().verdict)?.code == .checksumMismatch)
    let odd = [300_000, 200_000, 299_000, 201_003]
    let report = try await ScriptedStore(sample, headers: [("ETag", multipart(odd))], parts: odd).fetch().verdict.get()
    #expect(report.verifiedBy == nil && report.notes.first?.contains("different sizes") == true)
  }

  @Test("of a store that tells no sizes of parts the usual one is tried: a match is proof, and a mismatch is none of damage")
  func unknownParts() async throws {
    let object = ScriptedStore.sample(2_500_000)
    func etag(_ sizes: [Int]) -> [(String, String)] { [("ETag", ScriptedStore.etag(object, parts: sizes))] }
    let usual = try await ScriptedStore(object, headers: etag([1 << 20, 1 << 20, 402_848])).fetch()
    #expect(usual.bytes == object)
    #expect(try usual.verdict.get().verifiedBy == "ETag (MD5) of 3 parts")
    let other = try await ScriptedStore(object, headers: etag([900_000, 900_000, 700_000])).fetch().verdict.get()
    #expect(other.verifiedBy == nil && other.notes.first?.contains("does not tell") == true)
  }

  @Test("an answer whose buffer does not come free is let go, asked for again, and arrives once")
  func letGo() async throws {
    // The first part is the last to come, so that what was asked for ahead of the four buffers cannot be taken; the other three are late
    // too, so that the fifth is asked for while nothing has come, however slow this machine is.
    let store = ScriptedStore(sample) { request, _ in
      switch (0..<4).first(where: { request.header("Range")?.hasPrefix("bytes=\($0 * 65_536)-") == true }) {
      case 0: .late(.seconds(3))
      case nil: .serve
      default: .late(.milliseconds(1500))
      }
    }
    var transfer = S3Transfer.hasty
    transfer.hold = .milliseconds(50)
    // One more than begin, for the fifth: waiting with nothing at hand adds it.
    transfer.connections = 5
    let stream = try await store.open(transfer)
    let bytes = try await onThread("read") { readAll(stream.descriptor) }
    #expect(bytes == sample)
    #expect(try await stream.feed?.finish().verifiedBy == "ETag (MD5)")
    let fifth = store.server.requests.count { $0.header("Range")?.hasPrefix("bytes=\(4 * 65_536)-") == true }
    #expect(fifth == 2, "\(fifth)")
  }

  @Test("an object without any checksum is noted")
  func unverified() async throws {
    let report = try await ScriptedStore(sample, headers: [("ETag", "\"opaque\"")]).fetch().verdict.get()
    #expect(report.verifiedBy == nil && report.notes.first?.contains("no checksum") == true)
    let kms = [("ETag", ScriptedStore.etag([1])), ("x-amz-server-side-encryption", "aws:kms")]
    #expect(try await ScriptedStore(sample, headers: kms).fetch().verdict.get().verifiedBy == nil)
  }

  @Test("a reader that waits holds the store up, within the window")
  func backPressure() async throws {
    let store = ScriptedStore(ScriptedStore.sample(6_000_000))
    let stream = try await store.open()
    try await Task.sleep(for: .seconds(1))
    // A pipe's megabyte, the window's four parts, one that is being handed on, and up to three that were asked for ahead.
    let asked = store.server.requests.count { $0.method == "GET" }
    #expect(asked <= 25, "\(asked)")
    stream.feed?.stop()
    await #expect(throws: Fault.self) { try await stream.feed?.finish() }
  }

  @Test("a reader that leaves ends it, and it is not taken for whole")
  func readerLeaves() async throws {
    let store = ScriptedStore(ScriptedStore.sample(6_000_000))
    let stream = try await store.open()
    stream.descriptor.close()
    let fault = await #expect(throws: Fault.self) { try await stream.feed?.finish() }
    #expect(fault?.code == .interrupted)
  }

  @Test("stopping it ends a store that hangs, soon")
  func stopped() async throws {
    let stream = try await ScriptedStore(sample) { _, _ in .hang }.open()
    let start = ContinuousClock.now
    stream.feed?.stop()
    let fault = await #expect(throws: Fault.self) { try await stream.feed?.finish() }
    #expect(fault?.code == .interrupted)
    #expect(ContinuousClock.now - start < .seconds(10))
  }
}
