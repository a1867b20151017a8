/// Where `backup.from` points.
package struct BackupLocation: Sendable, Hashable {
  /// As written.
  package var text: String
  /// In lower case; `file` when none was written.
  package var scheme: String
  /// An absolute path for `file`; for other schemes what follows `scheme://`, or `scheme:` for those without an authority.
  package var rest: String

  /// Schemes of URIs without an authority (RFC 3986 section 3), as in `rds:orders`. Any other text with a colon is a path.
  package static let opaqueSchemes = ["rds", "ebs", "pgbackrest", "barman"]

  /// The scheme as it stands before a name: `s3://`, `rds:`.
  package static func written(_ scheme: String) -> String { opaqueSchemes.contains(scheme) ? "\(scheme):" : "\(scheme)://" }

  package init(text: String, scheme: String, rest: String) {
    self.text = text
    self.scheme = scheme
    self.rest = rest
  }
}

/// Everything that a drill file may name: the registry's engines, sources and checks.
package struct Vocabulary<Engine: Sendable, Source: Sendable, Check: Sendable>: Sendable {
  package var engines: [Kind<Engine>]
  package var sources: [SourceKind<Source>]
  package var checks: [Kind<Check>]
  /// Why an engine has no use for the drill's `logs`, as a full sentence; nil when it has.
  package var refusesLogs: @Sendable (Engine) -> String?
  /// Why an engine's restored target cannot be asked what the check needs, as a full sentence; nil when it can.
  package var misfit: @Sendable (Engine, Check) -> String?

  package init(
    engines: [Kind<Engine>], sources: [SourceKind<Source>], checks: [Kind<Check>],
    refusesLogs: @escaping @Sendable (Engine) -> String? = { _ in nil },
    misfit: @escaping @Sendable (Engine, Check) -> String?
  ) {
    self.engines = engines
    self.sources = sources
    self.checks = checks
    self.refusesLogs = refusesLogs
    self.misfit = misfit
  }
}
