import DrillTestSupport
import Glibc
import Testing
import ToolRunner

@testable import EngineEtcd

@Suite("Trees of bbolt") struct BoltFileTests {
  private static func little(_ value: UInt64, _ width: Int) -> [UInt8] { (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }

  /// Two meta pages whose root is page 3, an unused page, and page 3.
  private static func file(root: [UInt8]) -> [UInt8] {
    var meta: [UInt8] = BoltFile.magic + little(2, 4) + little(4096, 4) + little(0, 4)
    meta += little(3, 8) + little(0, 8) + little(2, 8) + little(4, 8) + little(1, 8)
    let sum = meta.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    let page = [UInt8](repeating: 0, count: 16) + meta + little(sum, 8)
    let padded = { (bytes: [UInt8]) in bytes + [UInt8](repeating: 0, count: 4096 - bytes.count) }
    return padded(page) + padded(page) + padded([]) + padded(root)
  }

  private func open(_ bytes: [UInt8]) throws -> BoltFile {
    let folder = TemporaryFolder()
    let file = Descriptor(owning: Glibc.open(folder.file("db", bytes), O_RDONLY | O_CLOEXEC))
    return try BoltFile(file, size: Int64(bytes.count))
  }

  @Test("a page that leads to itself two hundred times is damage, and no walk without end") func loop() throws {
    let header = Self.little(3, 8) + Self.little(1, 2) + Self.little(200, 2) + Self.little(0, 4)
    let child = Self.little(3, 8)
    let entry = Self.little(0, 4) + Self.little(0, 4) + child
    let bolt = try open(Self.file(root: header + (0..<200).flatMap { _ in entry }))
    #expect(throws: BoltFile.Damage.self) { try bolt.bucket("key") }
  }

  @Test("an empty root has no buckets, and is none the worse") func empty() throws {
    let bolt = try open(Self.file(root: Self.little(3, 8) + Self.little(2, 2) + Self.little(0, 6)))
    #expect(try bolt.bucket("key") == nil)
  }
}
