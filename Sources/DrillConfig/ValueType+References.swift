/// Where a secret is to be had. Files hold references only; what they point to is fetched at run time and never kept.
package enum SecretReference: Sendable, Hashable {
  case env(String)
  /// An absolute path.
  case file(String)
  /// A program with its arguments, whose output's first line is the secret.
  case command([String])
}

extension ValueType where Value == SecretReference {
  /// `{env: NAME}`, `{file: PATH}` or `{command: [PROGRAM, ARGUMENT…]}`. A literal is an error, and is not shown.
  package static var secret: ValueType<SecretReference> {
    ValueType(summary: "secret reference", schema: secretSchema) { node, diagnostics in
      guard case .mapping(let entries) = node.content, entries.count == 1, let entry = entries.first else {
        diagnostics.error(
          "expected a reference to a secret, {env: NAME}, {file: PATH} or {command: [PROGRAM, …]}", at: node.place,
          suggestion: node.isNull || node.scalar == nil ? nil : "the secret itself must not stand in the file")
        return nil
      }
      switch entry.key {
      case "env":
        return ValueType<String>.environmentName.read(entry.value, &diagnostics).map { .env($0) }
      case "file":
        guard let path = ValueType<String>.path.read(entry.value, &diagnostics) else { return nil }
        if isReadableByAll(path) {
          diagnostics.warning("everybody on this machine may read the secret in this file", at: entry.value.place)
        }
        return .file(path)
      case "command":
        return ValueType<[String]>.list(of: .nonEmptyString, atLeast: 1).read(entry.value, &diagnostics).map { .command($0) }
      default:
        diagnostics.error("expected env, file or command as the way to a secret", at: entry.keyPlace)
        return nil
      }
    }
  }

  private static var secretSchema: SchemaJSON {
    let ways: [(String, SchemaJSON)] = [
      ("env", ValueType<String>.environmentName.schema), ("file", ValueType<String>.path.schema),
      ("command", ValueType<[String]>.list(of: .nonEmptyString, atLeast: 1).schema),
    ]
    let properties = SchemaJSON.object(ways.map { SchemaJSON.Member($0.0, $0.1) })
    return ["type": "object", "properties": properties, "additionalProperties": false, "minProperties": 1, "maxProperties": 1]
  }
}

extension ValueType where Value == String {
  /// A path, made absolute from the directory of the file that names it. `~` is refused, because nothing here expands it.
  package static var path: ValueType<String> {
    let schema: SchemaJSON = ["type": "string", "minLength": 1, "not": ["pattern": "^~(/|$)"]]
    return ValueType(summary: "path", schema: schema) { node, diagnostics in
      guard let path = text(of: node, expected: "a path", &diagnostics) else { return nil }
      if path.isEmpty { return diagnostics.expected("a path", at: node) }
      if path == "~" || path.hasPrefix("~/") {
        return diagnostics.expected("a path", at: node, suggestion: "~ is not expanded: write the whole path, or one relative to this file")
      }
      return node.file.resolve(path)
    }
  }

  /// The name of an environment variable (POSIX.1-2017 section 8.1).
  package static var environmentName: ValueType<String> {
    let schema: SchemaJSON = ["type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"]
    return ValueType(summary: "environment variable", schema: schema) { node, diagnostics in
      let letters = { (byte: UInt8) in byte == 95 || (byte | 32 >= 97 && byte | 32 <= 122) }
      guard let scalar = node.scalar, !scalar.isNull, let first = scalar.text.utf8.first, letters(first),
        scalar.text.utf8.allSatisfy({ letters($0) || ($0 >= 48 && $0 <= 57) })
      else {
        diagnostics.error(
          "expected the name of an environment variable (letters, digits and _)", at: node.place,
          suggestion: "the secret itself must not stand in the file")
        return nil
      }
      return scalar.text
    }
  }
}
