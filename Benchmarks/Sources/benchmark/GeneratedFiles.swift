import Foundation

/// Figures that look random and are the same every time (SplitMix64, by Sebastiano Vigna).
struct RepeatableNumbers: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }
}

/// Inputs written file by file.
enum GeneratedFiles {
  /// A tree of text files of 64 bytes to 8 kB, a hundred to a directory.
  static func tree(at root: String, files: Int) throws {
    var numbers = RepeatableNumbers(seed: 1)
    for index in 0..<files {
      let folder = "\(root)/\(index / 100)"
      if index.isMultiple(of: 100) { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }
      let bytes = 64 + Int(numbers.next() % 8000)
      guard FileManager.default.createFile(atPath: "\(folder)/\(index).txt", contents: text(bytes, &numbers)) else {
        throw Failure("\(folder)/\(index).txt cannot be written")
      }
    }
  }

  /// A file of rows as COPY reads them: a number, a tab, 96 characters. It holds at least so many bytes.
  static func rows(at path: String, bytes: Int) throws {
    var numbers = RepeatableNumbers(seed: 2)
    var data = Data(capacity: bytes + 256)
    var index = 0
    while data.count < bytes {
      data.append(contentsOf: "\(index)\t".utf8)
      data.append(text(96, &numbers))
      data.append(10)
      index += 1
    }
    try data.write(to: URL(fileURLWithPath: path))
  }

  /// Hexadecimal digits: they pack to about half, like much of what people keep.
  private static func text(_ bytes: Int, _ numbers: inout RepeatableNumbers) -> Data {
    let digits = Array("0123456789abcdef".utf8)
    var data = Data(capacity: bytes + 16)
    while data.count < bytes {
      var value = numbers.next()
      for _ in 0..<16 {
        data.append(digits[Int(value & 15)])
        value >>= 4
      }
    }
    return data.prefix(bytes)
  }
}
