import Testing

@testable import EngineEtcd

@Suite("Unpacking what etcd-backup-restore packs")
struct UnpackerTests {
  /// Text with repetitions near and far, then noise that fills every table.
  static let samples: [[UInt8]] = {
    var random = SystemRandomNumberGenerator()
    let noise = (0..<200_000).map { _ in UInt8.random(in: 0...255, using: &random) }
    let text = (0..<20_000).flatMap { Array("{\"key\":\"/registry/pods/\($0 % 977)\"},".utf8) }
    return [[], [7], Array("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".utf8), text, noise, text + noise + text]
  }()

  private func unpack(_ packing: Packing, _ bytes: [UInt8], step: Int = 1 << 16) throws -> [UInt8] {
    var (rest, result) = (bytes[...], [UInt8]())
    try packing.unpack(
      { buffer in
        let part = rest.prefix(min(step, buffer.count))
        buffer.copyBytes(from: part)
        rest = rest.dropFirst(part.count)
        return part.count
      }, name: "sample", to: { result += $0 })
    return result
  }

  @Test("zlib comes back as it went in", arguments: samples.indices) func zlib(_ index: Int) throws {
    let packed = try SampleStore.zlib(Self.samples[index])
    #expect(try unpack(.zlib, packed) == Self.samples[index])
    #expect(try unpack(.zlib, packed, step: 1) == Self.samples[index])
  }

  @Test("lzw comes back as it went in", arguments: samples.indices) func lzw(_ index: Int) throws {
    let packed = SampleStore.lzw(Self.samples[index])
    #expect(try unpack(.lzw, packed) == Self.samples[index])
  }

  @Test("a cut file is told to be cut", arguments: [Packing.zlib, .lzw], [0.2, 0.9]) func cut(_ packing: Packing, _ part: Double) throws {
    let packed = try packing == .zlib ? SampleStore.zlib(Self.samples[3]) : SampleStore.lzw(Self.samples[3])
    let fault = #expect(throws: (any Error).self) { try unpack(packing, Array(packed.prefix(Int(Double(packed.count) * part)))) }
    #expect("\(fault.map { "\($0)" } ?? "")".contains("is cut"))
  }

  @Test("one changed byte of zlib never comes through") func damaged() throws {
    let packed = try SampleStore.zlib(Self.samples[3])
    for place in stride(from: 0, to: packed.count, by: max(1, packed.count / 200)) {
      var bytes = packed
      bytes[place] ^= 0x10
      #expect(throws: (any Error).self, "byte \(place)") { try unpack(.zlib, bytes) }
    }
  }

  @Test("noise given as either ends without harm") func noise() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<300 {
      let bytes = (0..<500).map { _ in UInt8.random(in: 0...255, using: &random) }
      _ = try? unpack(.lzw, bytes)
      _ = try? unpack(.zlib, [0x78, 0x9C] + bytes)
    }
  }

  @Test("a beginning is enough to tell what is inside") func head() throws {
    let sample = Self.samples[3]
    for (packing, packed) in [(Packing.zlib, try SampleStore.zlib(sample)), (.lzw, SampleStore.lzw(sample))] {
      let inner = try #require(packing.head(of: Array(packed.prefix(3000))))
      #expect(!inner.isEmpty && inner.elementsEqual(sample.prefix(inner.count)))
    }
    #expect(Packing.zlib.head(of: Array("<html>".utf8)) == nil)
  }
}
