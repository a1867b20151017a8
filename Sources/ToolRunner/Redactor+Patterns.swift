extension Redactor {
  /// One line without what has a secret's form: `password=…`, `PASSWORD '…'`, `IDENTIFIED BY '…'`, and a URL's `user:…@`.
  package static func withoutPatterns(_ line: [UInt8]) -> [UInt8] {
    var ranges: [Range<Int>] = []
    for word in ["password", "passwd", "pwd", "secret", "identified by"] {
      for end in ends(of: Array(word.utf8), in: line) {
        if let value = value(after: end, in: line) { ranges.append(value) }
      }
    }
    for end in ends(of: Array("://".utf8), in: line) {
      if let value = password(inAuthorityAt: end, of: line) { ranges.append(value) }
    }
    return replacing(ranges, in: line)
  }

  private static func ends(of word: [UInt8], in line: [UInt8]) -> [Int] {
    guard line.count >= word.count else { return [] }
    let first = word[0]
    return (0...(line.count - word.count)).compactMap { start in
      guard lowered(line[start]) == first else { return nil }
      return word.indices.allSatisfy { lowered(line[start + $0]) == word[$0] } ? start + word.count : nil
    }
  }

  private static func lowered(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }

  /// A value that follows `=` or `:`, quoted or not, or that follows a space and is quoted.
  private static func value(after end: Int, in line: [UInt8]) -> Range<Int>? {
    var index = end
    var isAssigned = false
    while index < line.count, [0x20, 0x09, 0x3D, 0x3A, 0x22].contains(line[index]) {
      if line[index] == 0x3D || line[index] == 0x3A { isAssigned = true }
      // A quote before the sign ends a quoted key, as in JSON; after it, it begins the value.
      if line[index] == 0x22, isAssigned { break }
      index += 1
    }
    guard index < line.count else { return nil }
    let quote = line[index]
    if quote == 0x27 || quote == 0x22 { return quoted(from: index + 1, by: quote, in: line) }
    guard isAssigned else { return nil }
    let stop = line[index...].firstIndex { [0x20, 0x09, 0x26, 0x2C, 0x3B].contains($0) } ?? line.count
    return index..<stop
  }

  /// Up to the closing quote; a doubled quote or one after a backslash belongs to the value.
  private static func quoted(from start: Int, by quote: UInt8, in line: [UInt8]) -> Range<Int> {
    var index = start
    while index < line.count {
      if line[index] == 0x5C {
        index += 2
      } else if line[index] != quote {
        index += 1
      } else if index + 1 < line.count, line[index + 1] == quote {
        index += 2
      } else {
        break
      }
    }
    return start..<min(index, line.count)
  }

  /// RFC 3986 section 3.2.1; a password with an unescaped `@` ends at the last one.
  private static func password(inAuthorityAt start: Int, of line: [UInt8]) -> Range<Int>? {
    let end = line[start...].firstIndex { $0 <= 0x20 || [0x2F, 0x3F, 0x23, 0x22, 0x27].contains($0) } ?? line.count
    guard let at = line[start..<end].lastIndex(of: 0x40), let colon = line[start..<at].firstIndex(of: 0x3A) else { return nil }
    return colon + 1..<at
  }

  private static func replacing(_ ranges: [Range<Int>], in line: [UInt8]) -> [UInt8] {
    var shown: [UInt8] = []
    var index = 0
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) where !range.isEmpty && range.upperBound > index {
      if range.lowerBound >= index {
        shown += line[index..<range.lowerBound]
        shown += mark.utf8
      }
      index = range.upperBound
    }
    return shown + line[index...]
  }
}
