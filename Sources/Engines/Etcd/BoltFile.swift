import DrillModel
import Glibc
import ToolRunner

/// Reads the B+ trees of a bbolt file, which is what an etcd database is (go.etcd.io/bbolt, page.go and bucket.go), trusting no offset in it.
///
/// Numbers are little-endian, as every machine that etcd supports writes them.
struct BoltFile {
  /// The file is not the tree that it should be.
  struct Damage: Error { let what: String }

  /// A run of pages: where it begins in the file, and how many bytes it has.
  struct Page {
    var place: Int64
    var bytes: [UInt8]
    var isLeaf: Bool { number(at: 8, 2) & 2 != 0 }
    var isBranch: Bool { number(at: 8, 2) & 1 != 0 }
    var count: Int { number(at: 10, 2) }

    func number(at offset: Int, _ width: Int) -> Int {
      guard offset >= 0, offset + width <= bytes.count else { return 0 }
      var value: UInt64 = 0
      for index in (0..<width).reversed() { value = value << 8 | UInt64(bytes[offset + index]) }
      return Int(truncatingIfNeeded: value)
    }
  }

  /// A key of a leaf.
  struct Entry {
    var key: ArraySlice<UInt8>
    var value: ArraySlice<UInt8>
    /// Where the value begins in the file.
    var place: Int64
    var isBucket: Bool
  }

  static let magic: [UInt8] = [0xED, 0xDA, 0x0C, 0xED]
  private static let largestPage = 256 << 20

  private let file: Descriptor
  let size: Int64
  let pageSize: Int
  private let root: Int
  /// Bytes that the file must at least have.
  let needed: Int64

  /// - Throws: `Damage` when neither of the two meta pages is whole, and `Fault` when the file cannot be read.
  init(_ file: Descriptor, size: Int64) throws {
    self.file = file
    self.size = size
    let first = Page(place: 0, bytes: try Self.read(file, 0, 80))
    let guess = BoltFile.meta(first).map { _ in first.number(at: 24, 4) }
    var metas = [BoltFile.meta(first)]
    for candidate in guess.map({ [$0] }) ?? [4096, 8192, 16384, 65536] where Int64(candidate) + 80 <= size {
      metas.append(BoltFile.meta(Page(place: Int64(candidate), bytes: try Self.read(file, Int64(candidate), 80))))
    }
    guard let newest = metas.compactMap(\.self).max(by: { $0.transaction < $1.transaction }) else {
      throw Damage(what: "neither of its two meta pages is whole")
    }
    (pageSize, root) = (newest.pageSize, newest.root)
    needed = Int64(newest.highWater).multipliedReportingOverflow(by: Int64(newest.pageSize)).partialValue
    guard newest.highWater > 2, newest.highWater < 1 << 40 else { throw Damage(what: "its meta page counts \(newest.highWater) pages") }
  }

  private typealias Meta = (pageSize: Int, root: Int, highWater: Int, transaction: Int)

  /// A meta page after its header of 16 bytes: magic, version 2, page size, flags, root and its sequence, freelist, high water, transaction,
  /// and an FNV-1a of these 56 bytes.
  private static func meta(_ page: Page) -> Meta? {
    guard page.bytes.count >= 80, page.bytes[16..<20].elementsEqual(magic), page.number(at: 20, 4) == 2 else { return nil }
    var sum: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in page.bytes[16..<72] { sum = (sum ^ UInt64(byte)) &* 0x100_0000_01B3 }
    guard sum == UInt64(bitPattern: Int64(page.number(at: 72, 8))) else { return nil }
    let size = page.number(at: 24, 4)
    guard size >= 512, size <= 1 << 20, size & (size - 1) == 0 else { return nil }
    return (size, page.number(at: 32, 8), page.number(at: 56, 8), page.number(at: 64, 8))
  }

  /// The page of a bucket of the top level; nil when there is no such bucket.
  ///
  /// - Throws: `Damage`.
  func bucket(_ name: String) throws -> Page? {
    guard let entry = try entry(Array(name.utf8), in: try page(root)) else { return nil }
    guard entry.isBucket, entry.value.count >= 16 else { throw Damage(what: "\(name) is no bucket") }
    let header = Page(place: entry.place, bytes: Array(entry.value))
    let own = header.number(at: 0, 8)
    // A small bucket lies inside its parent.
    return own == 0 ? Page(place: entry.place + 16, bytes: Array(entry.value.dropFirst(16))) : try page(own)
  }

  /// - Throws: `Damage`.
  func entry(_ key: [UInt8], in page: Page) throws -> Entry? {
    var found: Entry?
    try walk(page) { entry in
      if entry.key.elementsEqual(key) { found = entry }
      return found == nil
    }
    return found
  }

  /// The last key of a bucket; nil for an empty one.
  ///
  /// - Throws: `Damage`.
  func last(in page: Page) throws -> Entry? {
    var page = page
    for _ in 0..<64 {
      guard page.count > 0 else { return nil }
      if page.isLeaf { return try leaf(page, page.count - 1) }
      page = try child(page, page.count - 1)
    }
    throw Damage(what: "a tree has more than 64 levels")
  }

  /// Gives every entry below a page in order until `visit` says false.
  ///
  /// - Returns: Whether all were visited.
  /// - Throws: `Damage`, and what `visit` throws.
  @discardableResult
  func walk(_ page: Page, _ visit: (Entry) throws -> Bool) throws -> Bool {
    // No page comes twice in a tree.
    var pages = size / Int64(pageSize)
    return try walk(page, 0, &pages, visit)
  }

  private func walk(_ page: Page, _ level: Int, _ pages: inout Int64, _ visit: (Entry) throws -> Bool) throws -> Bool {
    guard level < 64 else { throw Damage(what: "a tree has more than 64 levels") }
    pages -= 1
    guard pages >= 0 else { throw Damage(what: "a tree has more pages than the file") }
    for index in 0..<page.count {
      if page.isLeaf {
        guard try visit(try leaf(page, index)) else { return false }
      } else {
        guard try walk(try child(page, index), level + 1, &pages, visit) else { return false }
      }
    }
    return true
  }

  private func leaf(_ page: Page, _ index: Int) throws -> Entry {
    let at = 16 + index * 16
    let (flags, offset) = (page.number(at: at, 4), page.number(at: at + 4, 4))
    let (keySize, valueSize) = (page.number(at: at + 8, 4), page.number(at: at + 12, 4))
    let start = at + offset
    guard at + 16 <= page.bytes.count, start >= 16, start + keySize + valueSize <= page.bytes.count else {
      throw Damage(what: "a key on the page at byte \(page.place) lies outside of it")
    }
    let value = start + keySize
    return Entry(
      key: page.bytes[start..<value], value: page.bytes[value..<(value + valueSize)], place: page.place + Int64(value),
      isBucket: flags & 1 != 0)
  }

  private func child(_ parent: Page, _ index: Int) throws -> Page {
    guard parent.isBranch, 16 + index * 16 + 16 <= parent.bytes.count else {
      throw Damage(what: "the page at byte \(parent.place) is neither branch nor leaf")
    }
    return try page(parent.number(at: 16 + index * 16 + 8, 8))
  }

  private func page(_ number: Int) throws -> Page {
    guard number > 1, Int64(number) < size / Int64(pageSize) else { throw Damage(what: "a page number leads outside of the file") }
    let place = Int64(number) * Int64(pageSize)
    let first = Page(place: place, bytes: try Self.read(file, place, pageSize))
    let overflow = first.number(at: 12, 4)
    guard first.number(at: 0, 8) == number, first.isLeaf || first.isBranch else {
      throw Damage(what: "the page at byte \(place) is not the one it should be")
    }
    if overflow == 0 { return first }
    let bytes = (overflow + 1) * pageSize
    guard bytes <= Self.largestPage, place + Int64(bytes) <= size else { throw Damage(what: "the page at byte \(place) runs over the end") }
    return Page(place: place, bytes: try Self.read(file, place, bytes))
  }

  private static func read(_ file: Descriptor, _ place: Int64, _ count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var got = 0
    while got < count {
      let step = bytes[got...].withUnsafeMutableBytes { pread(file.raw, $0.baseAddress, $0.count, off_t(place) + off_t(got)) }
      if step < 0, errno == EINTR { continue }
      guard step >= 0 else { throw Fault(.scratchUnusable, "the snapshot's copy cannot be read: \(systemMessage(errno))") }
      if step == 0 { throw Damage(what: "it ends inside a page") }
      got += step
    }
    return bytes
  }
}
