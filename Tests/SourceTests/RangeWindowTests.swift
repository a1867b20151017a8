import DrillModel
import Testing
import ToolRunner

@testable import SourceS3

@Suite("Parts that are fetched at once and taken in order", .timeLimit(.minutes(1)))
struct RangeWindowTests {
  /// Ten parts of four bytes.
  private func window(buffers: Int, connections: Int) -> RangeWindow {
    RangeWindow(bytes: 38, partBytes: 4, buffers: buffers, connections: connections)
  }

  private func fill(_ window: RangeWindow, _ part: RangeWindow.Part) -> Bool {
    let bytes = part.range.map { UInt8($0) }
    return bytes.withUnsafeBytes { window.add($0, to: part, at: 0) }
  }

  @Test("what is claimed ahead waits for its buffer, and has it once one is given back")
  func ahead() throws {
    let window = window(buffers: 2, connections: 4)
    let parts = try (0..<4).map { _ in try #require(window.claim()) }
    #expect(parts.map(\.number) == [0, 1, 2, 3])
    #expect(window.awaitBuffer(of: parts[1], atMost: .zero))
    #expect(!window.awaitBuffer(of: parts[2], atMost: .milliseconds(20)))
    #expect(fill(window, parts[0]))
    #expect(try window.bytes(of: 0, beyond: 0).elementsEqual([0, 1, 2, 3]))
    window.giveBack(0)
    #expect(window.awaitBuffer(of: parts[2], atMost: nil))
    #expect(!window.awaitBuffer(of: parts[3], atMost: .zero))
  }

  @Test("a taker that waits with nothing at hand has one more part asked for at once, up to the limit")
  func widens() async throws {
    let window = window(buffers: 8, connections: 6)
    let first = try (0..<4).map { _ in try #require(window.claim()) }
    async let taken = onThread("take") {
      try (0..<2).map { number in
        defer { window.giveBack(number) }
        return Array(try window.bytes(of: number, beyond: 0))
      }
    }
    // Each of these blocks until the taker waits for a part.
    let fifth = try await onThread("claim") { window.claim() }
    #expect(fifth?.number == 4 && fill(window, first[0]))
    let more = try await onThread("claim") { [window.claim(), window.claim()] }
    #expect(more.map { $0?.number } == [5, 6])
    #expect(fill(window, first[1]))
    #expect(try await taken == [[0, 1, 2, 3], [4, 5, 6, 7]])
  }

  @Test("the last part is as long as what is left, and a failure ends whoever waits")
  func ends() async throws {
    let window = window(buffers: 10, connections: 4)
    #expect(window.partCount == 10 && window.length(of: 9) == 2)
    while let part = window.claim() {
      #expect(fill(window, part))
      if part.number == 9 { #expect(part.range == 36..<38) }
    }
    let broken = self.window(buffers: 1, connections: 1)
    let part = try #require(broken.claim())
    async let late = onThread("claim") { broken.claim() }
    let first = broken.fail(Fault(.interrupted, "one"))
    #expect(first.message == broken.fail(Fault(.interrupted, "two")).message)
    #expect(try await late == nil)
    #expect(!fill(broken, part) && !broken.awaitBuffer(of: part, atMost: nil))
    #expect(throws: Fault.self) { try broken.bytes(of: 0, beyond: 0) }
  }

  @Test(
    "the usual size of an upload's parts",
    arguments: [
      (30_054_400, 4, 8), (100 << 20, 7, 16), (100 << 20, 20, 5), (300 << 20, 20, 15), (70 << 20, 10, 7), (5 << 20, 1, 8),
      (512 << 20, 64, 8),
    ] as [(Int64, Int, Int64)])
  func parts(_ bytes: Int64, _ parts: Int, _ mebi: Int64) {
    #expect(S3Opening.usualPartBytes(bytes, parts: parts) == mebi << 20)
  }

  @Test("no size is made up where none gives so many parts")
  func noParts() {
    #expect(S3Opening.usualPartBytes(1000, parts: 2) == nil)
    #expect(S3Opening.usualPartBytes(10 << 20, parts: .max) == nil)
  }
}
