import Digesting
import DrillModel
import DrillTestSupport
import Glibc
import Testing

@testable import ToolRunner

@Suite("Pumping bytes")
struct BytePumpTests {
  private let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 9) }

  private func source() throws -> Descriptor {
    let folder = TemporaryFolder()
    return try Descriptor.open(folder.file("input", bytes), O_RDONLY)
  }

  private func result(_ duties: BytePump.Duties = BytePump.Duties()) async throws -> ([UInt8], BytePump.Result) {
    let folder = TemporaryFolder()
    let path = "\(folder.path)/output"
    let output = try Descriptor.open(path, O_WRONLY | O_CREAT)
    let pump = try BytePump(from: try source(), to: output, duties: duties)
    let result = try await pump.result()
    return (contents(of: path, limit: 1 << 30) ?? [], result)
  }

  @Test("all bytes arrive, counted and hashed")
  func whole() async throws {
    var duties = BytePump.Duties()
    duties.digests = true
    let (written, result) = try await result(duties)
    #expect(written == bytes)
    #expect(result.bytesRead == Int64(bytes.count) && result.sha256 == SHA256.digest(of: bytes) && !result.readerLeft)
  }

  @Test("a filter sees every byte once and may add at the end")
  func filtered() async throws {
    struct Inverting: ByteFilter {
      func process(_ input: UnsafeRawBufferPointer, emit: (UnsafeRawBufferPointer) throws -> Void) throws {
        try input.map { ~$0 }.withUnsafeBytes { try emit($0) }
      }
      func finish(emit: (UnsafeRawBufferPointer) throws -> Void) throws { try [UInt8]("end".utf8).withUnsafeBytes { try emit($0) } }
    }
    var duties = BytePump.Duties()
    duties.makeFilter = { Inverting() }
    #expect(try await result(duties).0 == bytes.map { ~$0 } + Array("end".utf8))
  }

  @Test("a reader that leaves is told apart from a failed read")
  func readerLeft() async throws {
    let pipe = try Pipe()
    pipe.reading.close()
    let pump = try BytePump(from: try source(), to: pipe.writing)
    let left = try await pump.result()
    #expect(left.readerLeft && left.bytesRead < bytes.count)
    let broken = try BytePump(from: try Descriptor.open("/tmp", O_RDONLY), to: nil)
    let fault = await #expect(throws: Fault.self) { try await broken.result() }
    #expect(fault?.code == .backupUnreadable)
  }

  @Test("where it must drain, a reader that leaves changes neither count nor digest")
  func drained() async throws {
    let pipe = try Pipe()
    pipe.reading.close()
    var duties = BytePump.Duties()
    (duties.digests, duties.drains) = (true, true)
    let result = try await BytePump(from: try source(), to: pipe.writing, duties: duties).result()
    #expect(result.readerLeft && result.sha256 == SHA256.digest(of: bytes))
  }

  @Test("a full disk is our side's fault")
  func full() async throws {
    let pump = try BytePump(from: try source(), to: try Descriptor.open("/dev/full", O_WRONLY))
    let fault = await #expect(throws: Fault.self) { try await pump.result() }
    #expect(fault?.code == .noSpace)
  }

  @Test("a pump that waits on either side can be cancelled")
  func cancelled() async throws {
    let (quiet, stuck) = (try Pipe(), try Pipe())
    let reading = try BytePump(from: quiet.reading, to: nil)
    let writing = try BytePump(from: try source(), to: stuck.writing)
    for pump in [reading, writing] {
      pump.cancel()
      let fault = await #expect(throws: Fault.self) { try await pump.result() }
      #expect(fault?.code == .interrupted)
    }
    quiet.writing.close()
    stuck.reading.close()
  }
}
