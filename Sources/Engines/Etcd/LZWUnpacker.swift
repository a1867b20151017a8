/// Undoes what Go's compress/lzw writes with the lowest bit first and literals of eight bits (the `.Z` of etcd-backup-restore, which is not
/// that of compress(1)).
struct LZWUnpacker {
  private static let clear = 256
  private static let end = 257
  private static let longest = 12

  private var prefix = [UInt16](repeating: 0, count: 1 << longest)
  private var suffix = [UInt8](repeating: 0, count: 1 << longest)
  private var expansion = [UInt8](repeating: 0, count: 1 << longest)
  private var output: [UInt8] = []
  private var width = 9
  /// The code that the next entry of the table gets.
  private var next = LZWUnpacker.end
  private var last: Int?

  /// Unpacks all of `source` into `sink`, which gets what there is of a source that is cut, too.
  ///
  /// - Throws: `PackedError`, and what `sink` throws.
  mutating func unpack(_ source: inout BitReader, to sink: UnpackedSink) throws {
    output.reserveCapacity(128 << 10)
    do { try expandAll(&source, sink) } catch PackedError.ended {
      try output.withUnsafeBytes(sink)
      throw PackedError.ended
    }
    try output.withUnsafeBytes(sink)
  }

  private mutating func expandAll(_ source: inout BitReader, _ sink: UnpackedSink) throws {
    while true {
      let code = try source.take(width)
      if code == Self.end { return }
      if code == Self.clear {
        (width, next, last) = (9, Self.end, nil)
        continue
      }
      try expand(code)
      if output.count >= 64 << 10 {
        try output.withUnsafeBytes(sink)
        output.removeAll(keepingCapacity: true)
      }
    }
  }

  private mutating func expand(_ code: Int) throws {
    var chain = code
    var place = expansion.count
    if code == next, let last {
      // The last expansion, followed by its own first byte.
      var head = last
      while head >= Self.clear { head = Int(prefix[head]) }
      place -= 1
      expansion[place] = UInt8(head)
      chain = last
    } else if code > next || (code == next && next < 1 << Self.longest - 1) {
      throw PackedError.damaged("the code \(code) stands for nothing")
    }
    while chain >= Self.clear {
      guard place > 1, chain > Self.end else { throw PackedError.damaged("the code \(code) leads nowhere") }
      place -= 1
      expansion[place] = suffix[chain]
      chain = Int(prefix[chain])
    }
    place -= 1
    expansion[place] = UInt8(chain)
    output += expansion[place...]
    if let last {
      suffix[next] = UInt8(chain)
      prefix[next] = UInt16(last)
    }
    grow(code)
  }

  private mutating func grow(_ code: Int) {
    last = code
    next += 1
    guard next >= 1 << width else { return }
    if width == Self.longest {
      // A full table stays as it is until it is cleared.
      last = nil
      next -= 1
    } else {
      width += 1
    }
  }
}
