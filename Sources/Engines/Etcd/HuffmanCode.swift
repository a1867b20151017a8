/// The Huffman code of HTTP/2's header strings (RFC 7541 appendix B), a canonical one: the lengths of its codes say all.
enum HuffmanCode {
  /// Bits of the code of each byte, then of the end's own.
  private static let lengths: [UInt8] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28, 6, 10,
    10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7,
    7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21,
    22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22,
    23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27,
    27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30,
  ]

  /// For each length the first code of it, how many there are, and where their symbols begin in `symbols`.
  private static let table: (first: [Int], count: [Int], offset: [Int], symbols: [Int]) = {
    var (first, count, offset, symbols) = (
      [Int](repeating: 0, count: 31), [Int](repeating: 0, count: 31), [Int](repeating: 0, count: 31), [Int]()
    )
    var code = 0
    for length in 1...30 {
      let own = lengths.indices.filter { lengths[$0] == length }
      (first[length], count[length], offset[length]) = (code, own.count, symbols.count)
      symbols += own
      code = (code + own.count) << 1
    }
    return (first, count, offset, symbols)
  }()

  /// Nil for bits that are no code.
  static func decode(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
    var (result, code, length) = ([UInt8](), 0, 0)
    for byte in bytes {
      for shift in (0..<8).reversed() {
        code = code << 1 | Int(byte >> UInt8(shift) & 1)
        length += 1
        guard length <= 30 else { return nil }
        let index = code - table.first[length]
        guard index >= 0, index < table.count[length] else { continue }
        let symbol = table.symbols[table.offset[length] + index]
        guard symbol < 256 else { return nil }
        result.append(UInt8(symbol))
        (code, length) = (0, 0)
      }
    }
    // What is left is the beginning of the end's own code: ones.
    return length < 8 && code == 1 << length - 1 ? result : nil
  }
}
