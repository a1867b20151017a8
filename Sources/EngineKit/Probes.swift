import DrillModel

/// Kinds of question that a restored system answers.
package struct ProbeKinds: OptionSet, Sendable, Hashable {
  package let rawValue: Int
  package init(rawValue: Int) { self.rawValue = rawValue }

  package static let sql = ProbeKinds(rawValue: 1)
  package static let schema = ProbeKinds(rawValue: 2)
  package static let files = ProbeKinds(rawValue: 4)
  package static let deep = ProbeKinds(rawValue: 8)
  /// Keys of a key-value store: their number by prefix and their values.
  package static let keys = ProbeKinds(rawValue: 16)
  /// Keys of one of several databases of a server.
  package static let keyDatabases = ProbeKinds(rawValue: 32)
  /// Keys that fit a glob pattern.
  package static let keyPatterns = ProbeKinds(rawValue: 64)
  /// Keys whose value is of a type.
  package static let keyTypes = ProbeKinds(rawValue: 128)
  /// Which keys expire, and when.
  package static let keyLifetimes = ProbeKinds(rawValue: 256)
  /// The revision that the store stands at.
  package static let keyRevisions = ProbeKinds(rawValue: 512)
  /// Digests of the contents of tables.
  package static let digests = ProbeKinds(rawValue: 1024)

  /// For messages: `SQL queries, files`.
  package var names: String {
    let all: [(ProbeKinds, String)] = [
      (.sql, "SQL queries"), (.schema, "schema comparison"), (.files, "files"), (.deep, "the engine's deep check"),
      (.keys, "keys"), (.keyDatabases, "keys of a database"), (.keyPatterns, "keys by pattern"), (.keyTypes, "keys by type"),
      (.keyLifetimes, "when keys expire"), (.keyRevisions, "a revision"),
      (.digests, "digests of tables"),
    ]
    return all.filter { contains($0.0) }.map(\.1).joined(separator: ", ")
  }
}

/// The probes of one restored system; those that an engine `provides` are there.
package struct Probes: Sendable {
  package var sql: (any SQLProbe)?
  package var schema: (any SchemaProbe)?
  package var files: (any FileProbe)?
  package var deep: (any DeepProbe)?
  package var keys: (any KeyProbe)?
  package var digests: (any DigestProbe)?

  package init(
    sql: (any SQLProbe)? = nil, schema: (any SchemaProbe)? = nil, files: (any FileProbe)? = nil, deep: (any DeepProbe)? = nil,
    keys: (any KeyProbe)? = nil, digests: (any DigestProbe)? = nil
  ) {
    self.sql = sql
    self.schema = schema
    self.files = files
    self.deep = deep
    self.keys = keys
    self.digests = digests
  }
}

/// Asks a restored database, read-only and with the least rights that see every row.
package protocol SQLProbe: Sendable {
  /// Runs one statement; at most `limit` rows come back and `isCut` says whether there were more. Cancelling cancels the statement.
  ///
  /// - Throws: `ProbeError`.
  func query(_ sql: String, timeout: Duration, limit: Int) async throws -> SQLTable

  /// Number of rows of a table or view, which may be qualified (`sales.orders`). The name is an identifier, never SQL.
  ///
  /// - Throws: `ProbeError.missing` when there is none of that name.
  func count(table: String, timeout: Duration) async throws -> Int64
}

/// A result in text form as the engine prints values; nil is SQL's null.
package struct SQLTable: Sendable, Hashable {
  package var columns: [String]
  package var rows: [[String?]]
  package var isCut: Bool

  package init(columns: [String], rows: [[String?]], isCut: Bool = false) {
    self.columns = columns
    self.rows = rows
    self.isCut = isCut
  }
}

/// Why a probe has no answer. What is missing or refused by the data is a finding; what is ours is not.
package enum ProbeError: Error, Sendable, Hashable {
  /// The table, column or function asked for is not there: the backup lacks it.
  case missing(String)
  /// The data itself broke the question: a damaged page, an invalid value.
  case damaged(String)
  /// The question is wrong (a syntax error in the drill's SQL).
  case invalid(String)
  case timeout(Duration)
  case unavailable(String)

  package var message: String {
    switch self {
    case .missing(let text), .damaged(let text), .invalid(let text), .unavailable(let text): text
    case .timeout(let limit): "no answer within \(limit.readable)"
    }
  }
}

/// Describes the restored schema.
package protocol SchemaProbe: Sendable {
  func schema(timeout: Duration) async throws -> SchemaSnapshot
}

/// A schema as sorted lines, one an object property (`table orders`, `column orders.id bigint not null`, `index …`), so that a
/// difference of two is readable and stable across versions.
package struct SchemaSnapshot: Sendable, Hashable {
  package var engine: String
  package var lines: [String]

  package init(engine: String, lines: [String]) {
    self.engine = engine
    self.lines = lines
  }
}

/// Gives access to restored files.
package protocol FileProbe: Sendable {
  /// The directory that holds what was restored.
  var root: String { get }

  /// What the backup gave as the mode of files whose set-user-id and set-group-id bits were not restored, by escaped path.
  var withheldModes: [String: UInt32] { get }
}

extension FileProbe {
  package var withheldModes: [String: UInt32] { [:] }
}

/// The engine's own deep check.
package protocol DeepProbe: Sendable {
  /// Checks structure and, at `full`, reads everything.
  ///
  /// - Throws: `ProbeError` when it could not be carried out.
  func check(_ level: DeepLevel, timeout: Duration) async throws -> DeepResult
}

package enum DeepLevel: String, Sendable, CaseIterable { case quick, full }

package struct DeepResult: Sendable, Hashable {
  /// What was found wrong, each a sentence; empty when sound.
  package var findings: [String]
  /// What was looked at, for people: `12 tables, 31 indexes`.
  package var scope: String

  package init(findings: [String], scope: String) {
    self.findings = findings
    self.scope = scope
  }
}
