import CSystem
import DrillTestSupport
import Glibc
import Testing

@testable import ToolRunner

@Suite("Copying a file")
struct CopyTests {
  private let folder = TemporaryFolder()

  private func copied(_ source: String) throws -> (bytes: [UInt8], status: stat) {
    let target = "\(folder.path)/copy"
    let (from, to) = (open(source, O_RDONLY), open(target, O_WRONLY | O_CREAT | O_TRUNC, 0o600))
    defer {
      close(from)
      close(to)
    }
    #expect(csystem_copy_file(from, to) == 0)
    var status = stat()
    #expect(fstat(to, &status) == 0)
    return (try #require(contents(of: target, limit: 32 << 20)), status)
  }

  @Test("every byte comes over, of an empty file none", arguments: [0, 1, 4096, 300_001])
  func whole(_ count: Int) throws {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 31) }
    #expect(try copied(folder.file("source", bytes)).bytes == bytes)
  }

  @Test("holes stay holes, at the beginning, between and at the end")
  func holes() throws {
    let source = folder.file("source", [])
    let file = open(source, O_RDWR)
    defer { close(file) }
    #expect(pwrite(file, [7], 1, 3 << 20) == 1 && pwrite(file, [8], 1, 9 << 20) == 1 && ftruncate(file, 16 << 20) == 0)
    let found = try copied(source)
    #expect(found.bytes.count == 16 << 20 && found.bytes[3 << 20] == 7 && found.bytes[9 << 20] == 8)
    #expect(found.bytes.count { $0 != 0 } == 2)
    #expect(found.status.st_blocks * 512 < 1 << 20)
  }

  @Test("a directory is refused")
  func directory() {
    let (from, to) = (open(folder.path, O_RDONLY), open(folder.file("copy", []), O_WRONLY))
    defer {
      close(from)
      close(to)
    }
    #expect(csystem_copy_file(from, to) < 0)
  }
}
