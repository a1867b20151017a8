import Testing

@testable import EngineEtcd

@Suite("Headers of HTTP/2")
struct HeaderTableTests {
  private func bytes(_ hex: String) -> [UInt8] {
    let digits = Array(hex.filter { $0 != " " })
    return stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0...($0 + 1)]), radix: 16) }
  }

  @Test("the responses of RFC 7541 appendix C.6, with Huffman coding and a table that evicts") func responses() throws {
    var table = HeaderTable()
    let block =
      "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae"
    let fields = table.fields(of: bytes(block + "82ae 43d3"))
    let first = try #require(fields)
    #expect(first.map(\.name) == [":status", "cache-control", "date", "location"])
    #expect(first.map(\.value) == ["302", "private", "Mon, 21 Oct 2013 20:13:21 GMT", "https://www.example.com"])
    let other = table.fields(of: bytes("4883 640e ffc1 c0bf"))
    let second = try #require(other)
    #expect(second.map(\.value) == ["307", "private", "Mon, 21 Oct 2013 20:13:21 GMT", "https://www.example.com"])
  }

  @Test("noise is no header block, and does no harm") func noise() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<2000 {
      var table = HeaderTable()
      _ = table.fields(of: (0..<40).map { _ in UInt8.random(in: 0...255, using: &random) })
    }
    var table = HeaderTable()
    #expect(table.fields(of: [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]) == nil)
  }
}
