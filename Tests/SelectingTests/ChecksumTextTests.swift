import Selecting
import Testing

private let digest = String(repeating: "0123456789abcdef", count: 4)
private let other = String(repeating: "f", count: 64)

@Suite("Checksum files")
struct ChecksumTextTests {
  private func parse(_ text: String, for name: String = "db.gz") -> ChecksumText {
    ChecksumText.parse(Array(text.utf8), for: name, file: "db.gz.sha256")
  }

  @Test(
    "every usual form is understood",
    arguments: [
      "\(digest)  db.gz\n", "\(digest) *db.gz\n", digest, "\(digest)\n\n", "SHA256 (db.gz) = \(digest)\n", "SHA2-256(db.gz)= \(digest)\n",
      "SHA256(db.gz)= \(digest)", digest.uppercased() + "  db.gz\r\n", "\u{FEFF}\(digest)  db.gz\n", "\\\(digest)  odd\\nname\n",
      "\(digest)  /var/backups/db.gz\n", "\(digest)  db.gz.tmp\n", "\(other)  x.gz\n\(digest)  ./db.gz\n", "\(digest)\tdb.gz\n",
      "SHA256 (a (1).gz) = \(other)\nSHA256 (db.gz) = \(digest)\n",
    ])
  func understood(_ text: String) { #expect(parse(text) == .sha256(digest)) }

  @Test(
    "what verifies nothing is a problem",
    arguments: [
      "", "\n\n", "hello", String(digest.dropLast()), digest + "0", "\(digest)db.gz", "d41d8cd98f00b204e9800998ecf8427e  db.gz\n",
      "MD5 (db.gz) = \(digest)", "\(other)  x.gz\n\(digest)  y.gz\n", "\(digest)  db.gz\n\(other)  db.gz\n", "\(digest)  db.gz\nrubbish\n",
      "SHA256 (db.gz) \(digest)", "SHA256 (db.gz) = \(digest)00", "\u{0}\(digest)",
    ])
  func problems(_ text: String) {
    guard case .unusable(let problem) = parse(text) else {
      Issue.record("\(text) was taken")
      return
    }
    #expect(problem.contains("db.gz.sha256"))
  }

  @Test("a UTF-16 file, as PowerShell writes, is a problem")
  func wide() {
    let bytes: [UInt8] = [0xFF, 0xFE] + "\(digest)  db.gz".utf8.flatMap { [$0, 0] as [UInt8] }
    guard case .unusable = ChecksumText.parse(bytes, for: "db.gz", file: "f") else {
      Issue.record("it was taken")
      return
    }
  }
}
