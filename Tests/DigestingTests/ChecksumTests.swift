import CSystem
import Digesting
import Testing

@Suite("Checksums that object stores keep")
struct ChecksumTests {
  private let digits = Array("123456789".utf8)

  /// The check values of the catalogue of CRC algorithms (Greg Cook).
  @Test(
    "the known value of nine digits",
    arguments: [
      (CyclicRedundancyCheck.Algorithm.crc32, "cbf43926"), (.crc32c, "e3069283"), (.crc64nvme, "ae8b14860a799888"),
    ])
  func known(_ algorithm: CyclicRedundancyCheck.Algorithm, _ value: String) {
    var check = CyclicRedundancyCheck(algorithm)
    #expect(check.bytes.allSatisfy { $0 == 0 }, "nothing has the value 0")
    check.update(digits)
    #expect(Hexadecimal.encode(check.bytes) == value)
  }

  @Test("however the bytes are cut, the value is the same", arguments: CyclicRedundancyCheck.Algorithm.allCases)
  func pieces(_ algorithm: CyclicRedundancyCheck.Algorithm) {
    let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    var whole = CyclicRedundancyCheck(algorithm)
    whole.update(bytes)
    for size in [1, 3, 7, 8, 9, 64, 999] {
      var check = CyclicRedundancyCheck(algorithm)
      for start in stride(from: 0, to: bytes.count, by: size) { check.update(Array(bytes[start..<min(bytes.count, start + size)])) }
      #expect(check == whole, "\(size)")
    }
  }

  /// Lengths around the blocks of 16 and 64 bytes that are folded, from the start and carried on.
  @Test("the processor's instructions and the tables agree", arguments: [0, 0x1234_5678_9abc_def0] as [UInt64])
  func table(_ start: UInt64) {
    let short = UInt32(truncatingIfNeeded: start)
    for count in [0, 1, 7, 8, 9, 127, 128, 129, 143, 144, 145, 191, 192, 255, 256, 4096, 4099] {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: ($0 &* 131 &+ 7) ^ ($0 >> 3)) }
      #expect(csystem_crc32(short, bytes, count) == csystem_crc32_by_table(short, bytes, count), "\(count)")
      #expect(csystem_crc32c(short, bytes, count) == csystem_crc32c_by_table(short, bytes, count), "\(count)")
      #expect(csystem_crc64nvme(start, bytes, count) == csystem_crc64nvme_by_table(start, bytes, count), "\(count)")
    }
  }

  @Test("MD5 and SHA-1 of nothing and of abc (RFC 1321 A.5, FIPS 180-4)")
  func digests() {
    let cases: [(MessageDigest.Algorithm, String, String)] = [
      (.md5, "", "d41d8cd98f00b204e9800998ecf8427e"), (.md5, "abc", "900150983cd24fb0d6963f7d28e17f72"),
      (.sha1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
    ]
    for (algorithm, text, value) in cases {
      #expect(MessageDigest.digest(algorithm, of: Array(text.utf8)).map { Hexadecimal.encode($0) } == value)
    }
  }

  /// RFC 4648 section 10.
  @Test(
    "Base64 both ways",
    arguments: [
      ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
    ])
  func base64(_ plain: String, _ encoded: String) {
    #expect(Base64.encode(plain.utf8) == encoded)
    #expect(Base64.decode(encoded) == Array(plain.utf8))
  }

  @Test("what is no Base64 is not read", arguments: ["Zg", "Zg=", "Z===", "Zh==", "Zm9v\n", "Zm9-", "====", "Zg==Zg=="])
  func notBase64(_ text: String) { #expect(Base64.decode(text) == nil) }
}
