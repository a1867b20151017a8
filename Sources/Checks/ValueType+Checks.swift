import Digesting
import DrillConfig
import Manifests

extension ValueType {
  /// A number of any size, kept exactly as written.
  static var exactNumber: ValueType<ExactNumber> {
    ValueType<ExactNumber>(summary: "number", schema: ["type": "number"]) { node, diagnostics in
      guard let scalar = node.scalar, let number = ExactNumber(scalar.text) else { return diagnostics.expected("a number", at: node) }
      return number
    }
  }

  /// A value, a list of values (one column), or a list of lists (rows).
  static var answer: ValueType<QueryCheck.Answer> {
    let scalar: SchemaJSON = ["type": ["string", "number", "boolean", "null"]]
    let row: SchemaJSON = ["type": "array", "items": scalar]
    let schema = SchemaJSON.anyOf([scalar, ["type": "array", "items": .anyOf([scalar, row])]])
    return ValueType<QueryCheck.Answer>(summary: "value, list of values, or list of rows", schema: schema) { node, diagnostics in
      if let value = node.scalar { return QueryCheck.Answer(rows: [[value.isNull ? nil : value.text]]) }
      guard let items = node.items else { return diagnostics.expected("a value or a list of values", at: node) }
      var rows: [[String?]] = []
      for item in items {
        let values = item.scalar == nil ? item.items ?? [] : [item]
        guard !values.isEmpty, values.allSatisfy({ $0.scalar != nil }) else { return diagnostics.expected("a row of values", at: item) }
        rows.append(values.map { $0.isNull ? nil : $0.scalar?.text })
      }
      return QueryCheck.Answer(rows: rows)
    }
  }

  /// The bytes of a key as a manifest of keys writes them: text, with `%XX` for any byte and `%25` for a percent sign.
  static var keyBytes: ValueType<[UInt8]> {
    ValueType<String>.nonEmptyString.map { text, node, diagnostics in
      Manifest.unescaped(text.utf8)
        ?? diagnostics.expected("a key in which a percent sign is %25 and any other byte %XX in capital digits", at: node)
    }
  }

  /// A SHA-256 in lower-case digits, with or without `sha256:` before them.
  static var sha256: ValueType<[UInt8]> {
    let schema: SchemaJSON = ["type": "string", "pattern": "^(sha256:)?[0-9a-f]{64}$"]
    return ValueType<[UInt8]>(summary: "SHA-256", schema: schema) { node, diagnostics in
      let expected = "a SHA-256 of 64 lower-case hexadecimal digits"
      guard let text = node.scalar?.text else { return diagnostics.expected(expected, at: node) }
      let digits = text.hasPrefix("sha256:") ? text.dropFirst(7) : text[...]
      guard digits.utf8.count == 64, let digest = Hexadecimal.decode(digits) else { return diagnostics.expected(expected, at: node) }
      return digest
    }
  }

  /// A POSIX extended regular expression.
  static var pattern: ValueType<Pattern> {
    ValueType<Pattern>(summary: "regular expression", schema: ["type": "string"]) { node, diagnostics in
      guard let scalar = node.scalar, let pattern = Pattern(scalar.text) else {
        return diagnostics.expected("a POSIX extended regular expression", at: node)
      }
      return pattern
    }
  }
}
