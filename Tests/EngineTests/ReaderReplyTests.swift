import DrillModel
import EngineKit
import Glibc
import Testing
import ToolRunner

@testable import EngineSQLite

@Suite("What the SQLite reader and its starter say to each other")
struct ReaderReplyTests {
  static let replies: [ReaderReply] = [
    .progress(done: 5, total: nil), .progress(done: .max, total: 7), .restored(notes: ["a", "é\u{202E}\n"]), .opened, .count(-1),
    .table(SQLTable(columns: ["a", "b"], rows: [["1", nil], ["", "x\u{0}y"]], isCut: true)),
    .table(SQLTable(columns: ["a"], rows: [], isCut: false)), .checked(DeepResult(findings: ["f"], scope: "s")), .schema([]),
    .schema(["table t", "column t.a"]), .refused(.missing("m")), .refused(.damaged("d")), .refused(.invalid("i")),
    .refused(.unavailable("u")), .fault(Fault(.backupDamaged, "m", advice: "a", isTransient: true)), .fault(Fault(.noSpace, "m")),
  ]

  @Test("every reply comes back as it was", arguments: replies)
  func roundTrip(_ reply: ReaderReply) throws {
    #expect(try ReaderReply(reply.bytes) == reply)
    #expect(reply.isLast == !"\(reply)".hasPrefix("progress"))
  }

  @Test("cut at any byte, or with one more, it is none", arguments: replies)
  func cut(_ reply: ReaderReply) {
    for count in 0..<reply.bytes.count {
      #expect(throws: FieldReader.Malformed.self) { try ReaderReply(Array(reply.bytes.prefix(count))) }
    }
    #expect(throws: FieldReader.Malformed.self) { try ReaderReply(reply.bytes + [0]) }
  }

  @Test("flipped anywhere it is another reply or none, and reserves no more than came")
  func flipped() {
    for reply in Self.replies {
      for index in reply.bytes.indices {
        for bit in 0..<8 {
          var bytes = reply.bytes
          bytes[index] ^= 1 << bit
          _ = try? ReaderReply(bytes)
        }
      }
    }
  }

  @Test("a text of the content that is too long for a record is shortened, and one that was not is refused")
  func longTexts() throws {
    let long = String(repeating: "ü", count: 100_000)
    guard case .refused(.missing(let text)) = try ReaderReply(ReaderReply.refused(.missing(long)).bytes) else { return }
    #expect(text.utf8.count < 5000)
    var forged = FieldWriter()
    forged.add(8)
    forged.add(1)
    forged.add(long)
    #expect(throws: FieldReader.Malformed.self) { try ReaderReply(forged.bytes) }
  }

  @Test("frames are read one by one; what is cut, too long or too much is refused")
  func frames() throws {
    func read(_ bytes: [UInt8]) throws -> [ReaderReply] {
      let pipe = try Pipe(capacity: 1 << 20)
      _ = bytes.withUnsafeBytes { write(pipe.writing.raw, $0.baseAddress, $0.count) }
      pipe.writing.close()
      var reader = ReplyReader(pipe.reading.raw)
      var found: [ReaderReply] = []
      while let reply = try reader.next() { found.append(reply) }
      return found
    }
    let pipe = try Pipe(capacity: 1 << 20)
    for reply in Self.replies { ReplyWriter(descriptor: pipe.writing.raw).write(reply) }
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = Glibc.read(pipe.reading.raw, &buffer, buffer.count)
    let bytes = Array(buffer.prefix(count))
    #expect(try read(bytes) == Self.replies)
    #expect(throws: ReplyReader.Babble.self) { try read(Array(bytes.dropLast())) }
    #expect(throws: ReplyReader.Babble.self) { try read([UInt8](repeating: 0, count: 8)) }
    #expect(throws: ReplyReader.Babble.self) { try read([UInt8](repeating: 0xFF, count: 64)) }
    #expect(try read([]).isEmpty)
  }

  @Test("requests are words, and words that are none are refused")
  func requests() {
    let requests: [ReaderRequest] = [
      .restore(limit: nil, isDurable: true), .restore(limit: 5, isDurable: false), .open, .query(limit: 3), .count, .check(.full),
      .check(.quick), .schema,
    ]
    for request in requests { #expect(ReaderRequest(request.words) == request) }
    for words in [[], ["restore"], ["restore", "x", "durable"], ["query", ""], ["check", "deep"], ["open", "more"], ["drop"]] {
      #expect(ReaderRequest(words) == nil)
    }
  }
}
