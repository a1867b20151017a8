internal import Digesting
internal import GRDB

/// Where a record stands in the chain.
package struct ChainLink: Sendable, Hashable, Codable {
  /// Counts from 1 without gaps, over entries of every kind.
  package var sequence: Int64
  /// Hash of the entry before, `sha256:` and 64 hexadecimal digits; all zeros for the first.
  package var previous: String
  package var hash: String
}

/// What an entry of the chain is about.
enum EntryKind: String { case run, amendment, miss, anchor }

/// One row of the chain. `docs/ledger.md` publishes the bytes that are hashed.
struct Entry {
  var sequence: Int64
  var kind: String
  /// The run that the entry is about; empty when it is about none.
  var subject: String
  var format: Int64
  var previous: [UInt8]
  var body: [UInt8]
  var hash: [UInt8]

  static let genesis = [UInt8](repeating: 0, count: 32)
  /// How bodies are written today.
  static let format: Int64 = 1

  /// An entry that follows `last`, hashed.
  init(after last: Entry?, kind: EntryKind, subject: String, body: [UInt8]) {
    sequence = (last?.sequence ?? 0) + 1
    self.kind = kind.rawValue
    self.subject = subject
    format = Entry.format
    previous = last?.hash ?? Entry.genesis
    self.body = body
    hash = []
    hash = computedHash
  }

  /// SHA-256 over a domain prefix and every column but the hash itself, those of variable length behind their length.
  var computedHash: [UInt8] {
    var bytes = Array("drillmark ledger entry 1\n".utf8)
    bytes.append(bigEndian: sequence)
    bytes.append(counted: Array(kind.utf8))
    bytes.append(counted: Array(subject.utf8))
    bytes.append(bigEndian: format)
    bytes.append(counted: previous)
    bytes.append(counted: body)
    return SHA256.digest(of: bytes)
  }

  var link: ChainLink { ChainLink(sequence: sequence, previous: Entry.text(previous), hash: Entry.text(hash)) }

  static func text(_ hash: [UInt8]) -> String { "sha256:\(Hexadecimal.encode(hash))" }
}

extension [UInt8] {
  mutating func append(bigEndian value: Int64) { append(contentsOf: (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * $0)) }) }

  mutating func append(counted bytes: [UInt8]) {
    append(bigEndian: Int64(bytes.count))
    append(contentsOf: bytes)
  }
}

extension Entry {
  static let columns = "sequence, kind, subject_run, format, previous, body, hash"

  /// - Throws: when a column holds another type than it was declared with, which only an edit of the file can bring about.
  init(_ row: Row) throws {
    sequence = try row.value("sequence")
    kind = try row.value("kind")
    subject = try row.value("subject_run")
    format = try row.value("format")
    previous = try row.bytes("previous")
    body = try row.bytes("body")
    hash = try row.bytes("hash")
  }

  static func last(_ db: Database) throws -> Entry? {
    try Row.fetchOne(db, sql: "SELECT \(columns) FROM entry ORDER BY sequence DESC LIMIT 1").map(Entry.init)
  }

  /// The sealed record of a run.
  static func sealed(_ run: String, _ db: Database) throws -> Entry? {
    try Row.fetchOne(db, sql: "SELECT \(columns) FROM entry WHERE kind = 'run' AND subject_run = ?", arguments: [run]).map(Entry.init)
  }

  /// Adds an entry at the chain's end, inside the caller's transaction.
  static func append(_ kind: EntryKind, subject: String, body: [UInt8], to db: Database) throws -> Entry {
    let entry = Entry(after: try last(db), kind: kind, subject: subject, body: body)
    try db.execute(
      sql: "INSERT INTO entry (\(columns)) VALUES (?, ?, ?, ?, ?, ?, ?)",
      arguments: [
        entry.sequence, entry.kind, entry.subject, entry.format, entry.previous.blob, entry.body.blob, entry.hash.blob,
      ])
    return entry
  }
}
