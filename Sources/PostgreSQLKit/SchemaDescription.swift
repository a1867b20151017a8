internal import DrillModel
package import EngineKit

/// Describes what a restored database defines, in lines that are the same on every version and in every order of restoring.
package struct SchemaDescription: SchemaProbe {
  private let probe: DatabaseProbe

  package init(_ probe: DatabaseProbe) { self.probe = probe }

  package func schema(timeout: Duration) async throws -> SchemaSnapshot {
    var lines: [String] = []
    for query in SchemaDescription.queries {
      let table = try await probe.lookUp(query, [], timeout: timeout)
      lines += table.rows.compactMap { row in row.compactMap { $0 }.joined(separator: " ") }
    }
    return SchemaSnapshot(engine: "postgresql", lines: lines.map { $0.replacing("\n", with: " ") }.sorted())
  }

  /// Schemas of the server's own and of ours, and what belongs to an extension, are left out.
  static func own(_ schema: String, _ object: String) -> String {
    """
    \(schema).nspname NOT IN ('pg_catalog', 'information_schema', '\(DeepCheck.schema)') AND \(schema).nspname NOT LIKE 'pg\\_%'
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = \(object).oid AND d.classid = \(object).tableoid AND d.deptype = 'e')
    """
  }

  private static let name = "pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)"

  private static let queries = [
    """
    SELECT CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
      WHEN 'f' THEN 'foreign table' WHEN 'S' THEN 'sequence' END, \(name),
      CASE WHEN c.relpersistence = 'u' THEN 'unlogged' END, CASE WHEN c.relrowsecurity THEN 'row security' END,
      CASE WHEN c.relispartition THEN 'partition ' || pg_catalog.pg_get_expr(c.relpartbound, c.oid) END,
      CASE WHEN c.relkind IN ('v', 'm') THEN 'body md5:' ||
        pg_catalog.md5(pg_catalog.regexp_replace(pg_catalog.pg_get_viewdef(c.oid), '\\s+', ' ', 'g')) END
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND \(own("n", "c"))
    """,
    """
    SELECT 'column', \(name) || '.' || pg_catalog.quote_ident(a.attname), pg_catalog.format_type(a.atttypid, a.atttypmod),
      CASE WHEN a.attnotnull THEN 'not null' END,
      CASE WHEN a.attgenerated <> '' THEN 'generated ' WHEN a.atthasdef THEN 'default ' END || pg_catalog.pg_get_expr(d.adbin, d.adrelid),
      CASE a.attidentity WHEN 'a' THEN 'identity always' WHEN 'd' THEN 'identity by default' END
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND \(own("n", "c"))
    """,
    """
    SELECT 'index', \(name), pg_catalog.pg_get_indexdef(c.oid), CASE WHEN NOT i.indisvalid THEN 'invalid' END
    FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE \(own("n", "c"))
    """,
    """
    SELECT 'constraint', \(name) || '.' || pg_catalog.quote_ident(k.conname), pg_catalog.pg_get_constraintdef(k.oid)
    FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE k.contype <> 'n' AND k.contype <> 't' AND \(own("n", "c"))
    """,
    """
    SELECT CASE p.prokind WHEN 'f' THEN 'function' WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'window function' END,
      pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname) || '(' ||
        pg_catalog.pg_get_function_identity_arguments(p.oid) || ')',
      'returns ' || pg_catalog.pg_get_function_result(p.oid),
      'body md5:' || pg_catalog.md5(coalesce(p.prosrc, '') || coalesce(CASE WHEN p.prokind <> 'a' THEN pg_catalog.pg_get_function_sqlbody(p.oid) END, ''))
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE \(own("n", "p"))
    """,
    """
    SELECT 'trigger', \(name) || '.' || pg_catalog.quote_ident(t.tgname), pg_catalog.pg_get_triggerdef(t.oid),
      CASE t.tgenabled WHEN 'D' THEN 'disabled' END
    FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT t.tgisinternal AND \(own("n", "c"))
    """,
    """
    SELECT 'policy', \(name) || '.' || pg_catalog.quote_ident(p.polname), p.polcmd::text,
      'using ' || pg_catalog.pg_get_expr(p.polqual, p.polrelid), 'check ' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)
    FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = p.polrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE \(own("n", "c"))
    """,
    """
    SELECT CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'c' THEN 'type' WHEN 'r' THEN 'range' ELSE 'type' END,
      pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(t.typname),
      CASE WHEN t.typtype = 'e' THEN (SELECT string_agg(pg_catalog.quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
        FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid) END,
      CASE WHEN t.typtype = 'd' THEN pg_catalog.format_type(t.typbasetype, t.typtypmod) END,
      CASE WHEN t.typtype = 'd' THEN (SELECT string_agg(pg_catalog.pg_get_constraintdef(k.oid), ' ' ORDER BY k.conname)
        FROM pg_catalog.pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c') END
    FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    WHERE t.typtype IN ('e', 'd', 'r', 'c') AND \(own("n", "t"))
      AND (t.typtype <> 'c' OR EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c'))
    """,
    "SELECT 'extension', pg_catalog.quote_ident(extname) FROM pg_catalog.pg_extension WHERE extname NOT IN ('plpgsql', 'amcheck')",
    "SELECT 'schema', pg_catalog.quote_ident(n.nspname) FROM pg_catalog.pg_namespace n WHERE n.nspname <> 'public' AND \(own("n", "n"))",
  ]
}
