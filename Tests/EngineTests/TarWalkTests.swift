import DrillModel
import DrillTestSupport
import Testing

@testable import EnginePostgreSQL

/// Bytes of tar archives, made by hand.
private enum Tar {
  /// A header with a right checksum.
  static func header(_ name: String, size: [UInt8]) -> [UInt8] {
    var block = [UInt8](repeating: 0, count: 512)
    func put(_ bytes: some Sequence<UInt8>, at offset: Int) { for (index, byte) in bytes.enumerated() { block[offset + index] = byte } }
    put(name.utf8.prefix(100), at: 0)
    put("0000600".utf8, at: 100)
    put(size.prefix(12), at: 124)
    put("        ".utf8, at: 148)
    put("ustar".utf8, at: 257)
    let sum = String(block.reduce(0) { $0 + Int($1) }, radix: 8)
    put((String(repeating: "0", count: 6 - sum.count) + sum + "\0 ").utf8, at: 148)
    return block
  }

  static func member(_ name: String, _ content: [UInt8]) -> [UInt8] {
    let digits = String(content.count, radix: 8)
    let size = Array((String(repeating: "0", count: 11 - digits.count) + digits).utf8)
    return header(name, size: size) + content + [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
  }

  static let end = [UInt8](repeating: 0, count: 1024)
}

@Suite("Walking a tar archive's headers")
struct TarWalkTests {
  private func code(_ bytes: [UInt8]) -> FaultCode? {
    let folder = TemporaryFolder()
    do {
      try TarWalk.verify(folder.file("a.tar", bytes))
      return nil
    } catch {
      return (error as? Fault)?.code ?? .internalError
    }
  }

  private let whole =
    Tar.member("toc.dat", [1, 2, 3]) + Tar.member("1.dat", [UInt8](repeating: 7, count: 1024)) + Tar.member("empty", []) + Tar.end

  @Test("a whole one passes, also with one end block, bytes behind it, or sizes in base 256")
  func sound() {
    #expect(code(whole) == nil)
    #expect(code(Array(whole.dropLast(512))) == nil)
    #expect(code(whole + [1, 2, 3]) == nil)
    let content = [UInt8](repeating: 9, count: 512)
    #expect(code(Tar.header("big", size: [0x80] + [UInt8](repeating: 0, count: 9) + [2, 0]) + content + Tar.end) == nil)
  }

  @Test("cut anywhere before its end mark it is truncated")
  func cut() {
    for count in stride(from: 1, to: whole.count - 1024, by: 100) {
      #expect(code(Array(whole.prefix(count))) == .backupTruncated, "\(count)")
    }
    #expect(code([]) == .backupTruncated)
  }

  @Test("a flipped byte in any header is damage")
  func flipped() {
    for offset in [0, 50, 100, 124, 130, 150, 257, 511, 1024, 1024 + 300] {
      var bytes = whole
      bytes[offset] ^= 0x41
      #expect(code(bytes) == .backupDamaged, "\(offset)")
    }
  }

  @Test("sizes that are none, negative or beyond any disk end the walk instead of leading it astray", .timeLimit(.minutes(1)))
  func hostileSizes() {
    let texts = ["-0000002000", "-0000001000", "+0000000003", "", "           ", "99999999999", "0x10", "١٢"]
    for text in texts {
      #expect(code(Tar.header("m", size: Array(text.utf8)) + Tar.end) == .backupDamaged, "\(text)")
    }
    #expect(code(Tar.header("m", size: Array("77777777777".utf8)) + Tar.end) == .backupTruncated)
    let largest = [0x80, 0, 0, 0, 0x3F] + [UInt8](repeating: 0xFF, count: 7)
    #expect(code(Tar.header("m", size: largest) + Tar.end) == .backupTruncated)
    for first: [UInt8] in [[0x80, 0, 0, 0, 0x7F], [0x80, 0, 0, 0, 0xFF], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF]] {
      #expect(code(Tar.header("m", size: first + [UInt8](repeating: 0xFF, count: 7)) + Tar.end) == .backupDamaged)
    }
  }

  @Test("one that tar itself wrote passes, and a hostile name harms nothing")
  func real() async throws {
    let made = await SampleBackups.archive()
    #expect(code(made) == nil)
    let folder = TemporaryFolder()
    let path = folder.file("a.tar", Tar.member("../\u{202E}<script>", [UInt8](repeating: 1, count: 600)).dropLast(512))
    let fault = #expect(throws: Fault.self) { try TarWalk.verify(path) }
    #expect(fault?.code == .backupTruncated)
    #expect(throws: Fault.self) { try TarWalk.verify("\(folder.path)/nowhere") }
  }
}
