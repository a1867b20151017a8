import Manifests
import Testing

@Suite("Manifest format")
struct ManifestTests {
  @Test("a name with a newline, a space and bytes that are no UTF-8 comes back as it was")
  func escapes() throws {
    let names: [[UInt8]] = [Array("a b\nc%".utf8), [0xFF, 0xFE, 65], Array("grün".utf8), Array("plain".utf8)]
    for name in names { #expect(Manifest.unescaped(Manifest.escaped(name).utf8) == name) }
    #expect(Manifest.escaped(Array("grün".utf8)) == "grün")
  }

  @Test("a directory comes before what it holds, and both before a longer name")
  func order() {
    let sorted = ["a", "a/b", "a/z", "a-b", "b"].map { Array($0.utf8) }
    for (first, second) in zip(sorted, sorted.dropFirst()) {
      #expect(Manifest.precedes(first, second))
      #expect(!Manifest.precedes(second, first))
    }
  }

  @Test("an entry's line reads back as the entry")
  func lines() throws {
    let file = Manifest.Entry(
      path: Array("etc/a b".utf8), kind: .file, mode: 0o4755, uid: 7, gid: 8, seconds: -3, nanoseconds: 5, size: 9,
      digest: Array(repeating: 7, count: 32))
    let link = Manifest.Entry(
      path: Array("l".utf8), kind: .link, mode: 0o777, uid: 0, gid: 0, seconds: 1, nanoseconds: 0, target: Array("../x y".utf8))
    #expect(Manifest.Entry(line: file.line) == file)
    #expect(Manifest.Entry(line: link.line) == link)
  }
}
