import CSQLite

/// Judges every access of a statement before SQLite carries it out (sqlite.org/c3ref/set_authorizer.html).
///
/// Belongs to the connection's thread.
final class SQLiteGuard {
  enum Purpose {
    /// Questions about a restored database.
    case reading
    /// The statements of a dump, which a stranger wrote.
    case loading
  }

  private let purpose: Purpose
  /// Why something was refused last; for a message.
  private(set) var refusal: String?
  /// Set while a statement of ours runs.
  var isOurs = false

  private var definitions = 0

  init(_ purpose: Purpose) { self.purpose = purpose }

  func forget() { refusal = nil }

  /// What the two names are depends on the action; they are read only where they count, for a dump has millions of statements.
  func judge(_ action: Int32, _ first: UnsafePointer<CChar>?, _ second: UnsafePointer<CChar>?) -> Int32 {
    func text(_ name: UnsafePointer<CChar>?) -> String { name.map { String(cString: $0) } ?? "" }
    switch action {
    case SQLITE_ATTACH: return refuse("ATTACH (another file)")
    case SQLITE_DETACH: return refuse("DETACH")
    case SQLITE_FUNCTION: return function(text(second))
    case SQLITE_PRAGMA: return isOurs ? SQLITE_OK : pragma(text(first).lowercased())
    case SQLITE_SELECT, SQLITE_READ, SQLITE_RECURSIVE: return SQLITE_OK
    default: break
    }
    return purpose == .reading ? write(action, text(first)) : load(action, { text(second) })
  }

  private func refuse(_ what: String) -> Int32 {
    refusal = refusal ?? what
    return SQLITE_DENY
  }

  private func function(_ name: String) -> Int32 {
    let forbidden: Set<String> = ["load_extension", "readfile", "writefile", "edit", "fts3_tokenizer"]
    return forbidden.contains(name.lowercased()) ? refuse("the function \(name)") : SQLITE_OK
  }

  private func pragma(_ name: String) -> Int32 {
    let readable: Set<String> = [
      "user_version", "application_id", "schema_version", "page_count", "page_size", "freelist_count", "encoding", "table_info",
      "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo", "foreign_key_list", "foreign_key_check", "integrity_check",
      "quick_check", "auto_vacuum", "data_version",
    ]
    if purpose == .reading { return readable.contains(name) ? SQLITE_OK : refuse("PRAGMA \(name)") }
    let kept: Set<String> = [
      "foreign_keys", "encoding", "page_size", "auto_vacuum", "user_version", "application_id", "legacy_alter_table",
      "defer_foreign_keys", "ignore_check_constraints", "recursive_triggers", "case_sensitive_like",
    ]
    if kept.contains(name) { return SQLITE_OK }
    let refused: Set<String> = ["temp_store_directory", "data_store_directory", "schema_version", "trusted_schema"]
    // What tunes or only reads is left undone. So is writable_schema: what .dump needs it for is done statement by statement.
    return refused.contains(name) ? refuse("PRAGMA \(name)") : SQLITE_IGNORE
  }

  /// Opening a virtual table declares its columns, which SQLite announces as an update of the schema and does not write.
  private func write(_ action: Int32, _ table: String) -> Int32 {
    let isDeclaration = action == SQLITE_UPDATE && ["sqlite_master", "sqlite_schema"].contains(table.lowercased())
    return isDeclaration ? SQLITE_OK : refuse("a statement that writes")
  }

  /// Everything inside the new database is the dump's business; sqlite_schema itself is guarded by writable_schema being off.
  private func load(_ action: Int32, _ module: () -> String) -> Int32 {
    switch action {
    case SQLITE_CREATE_VIEW, SQLITE_CREATE_TRIGGER, SQLITE_CREATE_TEMP_VIEW, SQLITE_CREATE_TEMP_TRIGGER:
      definitions += 1
      return definitions <= SQLiteDepth.definitions ? SQLITE_OK : refuse("more than \(SQLiteDepth.definitions) views and triggers")
    case SQLITE_CREATE_VTABLE:
      let modules: Set<String> = ["fts3", "fts4", "fts5", "fts5vocab", "fts4aux", "rtree", "rtree_i32", "geopoly"]
      let module = module()
      return modules.contains(module.lowercased()) ? SQLITE_OK : refuse("a virtual table of the module \(module)")
    default: return SQLITE_OK
    }
  }
}
