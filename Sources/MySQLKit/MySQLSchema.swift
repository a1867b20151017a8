import DrillModel
package import EngineKit

/// Describes what restored databases define, in lines that are the same in every order of restoring. Names in the probe's own database go
/// without it, so that a drill may restore it under another name.
package struct MySQLSchema: SchemaProbe {
  private let probe: MySQLProbe

  package init(_ probe: MySQLProbe) { self.probe = probe }

  package func schema(timeout: Duration) async throws -> SchemaSnapshot {
    var lines: [String] = []
    for query in MySQLSchema.queries(own: probe.endpoint.database ?? "") {
      let table = try await probe.query(query, timeout: timeout, limit: .max)
      lines += table.rows.map { row in row.compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: " ") }
    }
    return SchemaSnapshot(engine: "mysql", lines: lines.map { $0.replacing("\n", with: " ").replacing("\r", with: " ") }.sorted())
  }

  private static func queries(own: String) -> [String] {
    let database = MySQLQuoting.literal(own)
    func name(_ schema: String, _ parts: String...) -> String {
      "concat(if(\(schema) = \(database), '', concat(\(schema), '.')), concat_ws('.', \(parts.joined(separator: ", "))))"
    }
    func body(_ text: String) -> String {
      // A view's text names its own database everywhere.
      let prefix = MySQLQuoting.literal("\(MySQLQuoting.identifier(own)).")
      return "concat('body md5:', md5(replace(coalesce(\(text), ''), \(prefix), '')))"
    }
    return [
      """
      SELECT if(t.TABLE_TYPE = 'VIEW', 'view', 'table'), \(name("t.TABLE_SCHEMA", "t.TABLE_NAME")),
        if(t.TABLE_TYPE = 'VIEW', \(body("v.VIEW_DEFINITION")), concat('engine ', coalesce(t.ENGINE, 'unknown'))),
        if(t.TABLE_TYPE = 'VIEW', '', concat('collation ', t.TABLE_COLLATION)),
        if(t.CREATE_OPTIONS LIKE '%partitioned%', 'partitioned', '')
      FROM information_schema.TABLES t LEFT JOIN information_schema.VIEWS v USING (TABLE_SCHEMA, TABLE_NAME)
      WHERE \(SystemSchemas.excluded("t.TABLE_SCHEMA"))
      """,
      """
      SELECT 'column', \(name("TABLE_SCHEMA", "TABLE_NAME", "COLUMN_NAME")), COLUMN_TYPE, if(IS_NULLABLE = 'NO', 'not null', ''),
        if(COLUMN_DEFAULT IS NULL, '', concat('default ', COLUMN_DEFAULT)), EXTRA, coalesce(COLLATION_NAME, ''),
        if(coalesce(GENERATION_EXPRESSION, '') = '', '', concat('as ', GENERATION_EXPRESSION))
      FROM information_schema.COLUMNS WHERE \(SystemSchemas.excluded("TABLE_SCHEMA"))
      """,
      """
      SELECT if(NON_UNIQUE, 'index', 'unique index'), \(name("TABLE_SCHEMA", "TABLE_NAME", "INDEX_NAME")), INDEX_TYPE,
        concat('(', group_concat(concat(COLUMN_NAME, coalesce(concat('(', SUB_PART, ')'), '')) ORDER BY SEQ_IN_INDEX), ')')
      FROM information_schema.STATISTICS WHERE \(SystemSchemas.excluded("TABLE_SCHEMA"))
      GROUP BY TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, NON_UNIQUE, INDEX_TYPE
      """,
      """
      SELECT 'foreign key', \(name("k.TABLE_SCHEMA", "k.TABLE_NAME", "k.CONSTRAINT_NAME")),
        concat('(', group_concat(k.COLUMN_NAME ORDER BY k.ORDINAL_POSITION), ')'), 'references',
        \(name("k.REFERENCED_TABLE_SCHEMA", "k.REFERENCED_TABLE_NAME")),
        concat('(', group_concat(k.REFERENCED_COLUMN_NAME ORDER BY k.ORDINAL_POSITION), ')'),
        concat('update ', r.UPDATE_RULE, ' delete ', r.DELETE_RULE)
      FROM information_schema.KEY_COLUMN_USAGE k JOIN information_schema.REFERENTIAL_CONSTRAINTS r
        ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME AND r.TABLE_NAME = k.TABLE_NAME
      WHERE k.REFERENCED_TABLE_NAME IS NOT NULL AND \(SystemSchemas.excluded("k.TABLE_SCHEMA"))
      GROUP BY k.TABLE_SCHEMA, k.TABLE_NAME, k.CONSTRAINT_NAME, k.REFERENCED_TABLE_SCHEMA, k.REFERENCED_TABLE_NAME, r.UPDATE_RULE,
        r.DELETE_RULE
      """,
      """
      SELECT lower(ROUTINE_TYPE), \(name("ROUTINE_SCHEMA", "ROUTINE_NAME")),
        if(coalesce(DTD_IDENTIFIER, '') = '', '', concat('returns ', DTD_IDENTIFIER)), \(body("ROUTINE_DEFINITION"))
      FROM information_schema.ROUTINES WHERE \(SystemSchemas.excluded("ROUTINE_SCHEMA"))
      """,
      """
      SELECT 'trigger', \(name("TRIGGER_SCHEMA", "TRIGGER_NAME")), lower(concat_ws(' ', ACTION_TIMING, EVENT_MANIPULATION)), 'on',
        EVENT_OBJECT_TABLE, \(body("ACTION_STATEMENT"))
      FROM information_schema.TRIGGERS WHERE \(SystemSchemas.excluded("TRIGGER_SCHEMA"))
      """,
      """
      SELECT 'event', \(name("EVENT_SCHEMA", "EVENT_NAME")), concat_ws(' ', EXECUTE_AT, INTERVAL_VALUE, INTERVAL_FIELD), STATUS,
        \(body("EVENT_DEFINITION"))
      FROM information_schema.EVENTS WHERE \(SystemSchemas.excluded("EVENT_SCHEMA"))
      """,
    ]
  }
}
