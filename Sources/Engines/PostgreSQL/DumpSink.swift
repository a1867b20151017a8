/// Takes what a scanner of plain SQL finds, in the order of the dump.
protocol DumpSink: AnyObject {
  /// Bytes to hand on to psql.
  func pass(_ bytes: UnsafeBufferPointer<UInt8>) throws

  /// A statement that matters to us, told before its end is passed.
  func found(_ statement: DumpStatement, line: Int) throws
}

/// What a statement of a dump asks for, as far as we must know.
enum DumpStatement: Hashable, Sendable {
  /// A role that must exist for the statement to work.
  case role(String)
  case installExtension(name: String, schema: String?)
  case createTable(schema: String?, name: String)
  case searchPath(String)
  case encoding(String)
  /// Databases, roles or the server as a whole are meant, and not what is in the database: `CREATE DATABASE`.
  case serverWide(String)
  /// `COPY … FROM stdin`: data lines follow.
  case copyIn
  case escapes(Bool)
  /// A command or a file of the host is asked for.
  case hostAccess(String)
}
