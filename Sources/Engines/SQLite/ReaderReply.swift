import DrillModel
import EngineKit

/// What the reader answers: any number of `progress` while it restores, then one other.
enum ReaderReply: Hashable {
  case progress(done: Int64, total: Int64?)
  case restored(notes: [String])
  case opened
  case table(SQLTable)
  case count(Int64)
  case checked(DeepResult)
  /// Lines of a schema, or names of tables.
  case schema([String])
  case digest(TableDigest)
  /// The question has no answer.
  case refused(ProbeError)
  case fault(Fault)

  /// Bytes of a sentence, which may end up in the record, and of one value of a row.
  private static let (longestSentence, longestValue) = (8 << 10, 256 << 10)
  /// Sentences in a list.
  private static let mostSentences = 1000

  /// Ends the exchange.
  var isLast: Bool { if case .progress = self { false } else { true } }

  var bytes: [UInt8] {
    var fields = FieldWriter()
    switch self {
    case .progress(let done, let total):
      for number in [1, done, total ?? -1] { fields.add(number) }
    case .restored(let notes):
      fields.add(2)
      fields.add(notes.map(ReaderReply.shortened))
    case .opened: fields.add(3)
    case .table(let table):
      fields.add(4)
      fields.add(table.isCut ? 1 : 0)
      fields.add(table.columns)
      fields.add(Int64(table.rows.count))
      for row in table.rows { for value in row { fields.add(value) } }
    case .count(let count):
      for number in [5, count] { fields.add(number) }
    case .checked(let result):
      fields.add(6)
      fields.add(result.findings.map(ReaderReply.shortened))
      fields.add(ReaderReply.shortened(result.scope))
    case .schema(let lines):
      fields.add(7)
      fields.add(lines)
    case .digest(let digest):
      for number in [10, digest.rows] { fields.add(number) }
      fields.add(digest.columns)
      fields.add(digest.contents)
    case .refused(let error):
      for number in [8, ReaderReply.kind(of: error)] { fields.add(number) }
      fields.add(ReaderReply.shortened(error.message))
    case .fault(let fault):
      fields.add(9)
      fields.add(fault.code.rawValue)
      fields.add(ReaderReply.shortened(fault.message))
      fields.add(fault.advice.map(ReaderReply.shortened))
      fields.add(fault.isTransient ? 1 : 0)
    }
    return fields.bytes
  }

  /// - Throws: `FieldReader.Malformed` for bytes that are no reply, or more than one.
  init(_ bytes: [UInt8]) throws(FieldReader.Malformed) {
    var fields = FieldReader(bytes)
    switch try fields.number() {
    case 1:
      let (done, total) = (try fields.number(), try fields.number())
      self = .progress(done: max(0, done), total: total < 0 ? nil : total)
    case 2: self = .restored(notes: try fields.list(most: ReaderReply.mostSentences, longest: ReaderReply.longestSentence))
    case 3: self = .opened
    case 4: self = .table(try ReaderReply.table(&fields))
    case 5: self = .count(try fields.number())
    case 6: self = .checked(try ReaderReply.deep(&fields))
    case 7: self = .schema(try fields.list())
    case 8: self = .refused(try ReaderReply.error(kind: try fields.number(), try fields.text(longest: ReaderReply.longestSentence)))
    case 9:
      guard let code = FaultCode(rawValue: try fields.text()) else { throw FieldReader.Malformed() }
      let (message, advice) = (
        try fields.text(longest: ReaderReply.longestSentence), try fields.optionalText(longest: ReaderReply.longestSentence)
      )
      self = .fault(Fault(code, message, advice: advice, isTransient: try fields.number() == 1))
    case 10:
      let (rows, columns) = (try fields.number(), try fields.list())
      guard rows >= 0 else { throw FieldReader.Malformed() }
      self = .digest(TableDigest(rows: rows, columns: columns, contents: try fields.text(longest: 200)))
    default: throw FieldReader.Malformed()
    }
    guard fields.isAtEnd else { throw FieldReader.Malformed() }
  }

  /// SQLite quotes names and texts of the content, which may be of any length.
  private static func shortened(_ text: String) -> String {
    text.utf8.count <= 4096 ? text : String(decoding: text.utf8.prefix(4096), as: UTF8.self)
  }

  private static func deep(_ fields: inout FieldReader) throws(FieldReader.Malformed) -> DeepResult {
    let findings = try fields.list(most: mostSentences, longest: longestSentence)
    return DeepResult(findings: findings, scope: try fields.text(longest: longestSentence))
  }

  private static func table(_ fields: inout FieldReader) throws(FieldReader.Malformed) -> SQLTable {
    let isCut = try fields.number() == 1
    var table = SQLTable(columns: try fields.list(), rows: [], isCut: isCut)
    guard !table.columns.isEmpty else { throw FieldReader.Malformed() }
    for _ in 0..<(try fields.count()) {
      var row: [String?] = []
      for _ in table.columns { row.append(try fields.optionalText(longest: ReaderReply.longestValue)) }
      table.rows.append(row)
    }
    return table
  }

  private static func kind(of error: ProbeError) -> Int64 {
    switch error {
    case .missing: 1
    case .damaged: 2
    case .invalid: 3
    case .unavailable, .timeout: 4
    }
  }

  private static func error(kind: Int64, _ text: String) throws(FieldReader.Malformed) -> ProbeError {
    switch kind {
    case 1: .missing(text)
    case 2: .damaged(text)
    case 3: .invalid(text)
    case 4: .unavailable(text)
    default: throw FieldReader.Malformed()
    }
  }
}
