import Digesting
import Testing

@Suite("SHA-256 and its digits")
struct SHA256Tests {
  @Test(
    "the examples of FIPS 180-4 come out",
    arguments: [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
    ])
  func examples(text: String, digest: String) {
    #expect(Hexadecimal.encode(SHA256.digest(of: text.utf8)) == digest)
  }

  @Test("bytes given in pieces have the digest of the whole")
  func pieces() {
    let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let hash = SHA256()
    bytes.withUnsafeBytes { all in
      for start in stride(from: 0, to: all.count, by: 777) {
        hash.update(UnsafeRawBufferPointer(rebasing: all[start..<min(start + 777, all.count)]))
      }
    }
    #expect(hash.finish() == SHA256.digest(of: bytes))
    #expect(hash.finish() == SHA256.digest(of: bytes), "asking again gives the same")
  }

  @Test("one changed bit changes the digest")
  func flipped() {
    #expect(SHA256.digest(of: [0, 1, 2]) != SHA256.digest(of: [0, 1, 3]))
  }

  @Test("digits survive a round trip")
  func digits() {
    let bytes = (0...255).map { UInt8($0) }
    #expect(Hexadecimal.decode(Hexadecimal.encode(bytes)) == bytes)
    #expect(Hexadecimal.decode("") == [])
  }

  @Test("text that is not lower-case hexadecimal is refused", arguments: ["a", "0G", "AB", "0x", " 00", "00 ", "é0"])
  func refused(text: String) {
    #expect(Hexadecimal.decode(text) == nil)
  }
}
