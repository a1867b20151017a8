import DrillModel

/// What `from: rds:…` names.
struct RDSPlace: Sendable, Hashable {
  /// Of an instance or a cluster.
  let name: String
  let isCluster: Bool

  /// Reads what follows `rds:`.
  ///
  /// - Throws: `Fault` with code `configuration` for what is no name.
  init(_ text: String) throws {
    isCluster = text.lowercased().hasPrefix("cluster:")
    name = isCluster ? String(text.dropFirst("cluster:".count)) : text
    let isPlain = name.utf8.allSatisfy { (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 45 }
    guard (1...63).contains(name.utf8.count), isPlain else {
      throw Fault(
        .configuration, "what follows rds: is no name of an instance or a cluster",
        advice: "Write rds:INSTANCE or rds:cluster:NAME with the identifier that RDS shows")
    }
  }
}
