package import DrillConfig
package import EngineKit

/// Every kind of check that this package has.
package enum Checks {
  package static let kinds: [Kind<any IntegrityCheck>] = [
    RowsCheck.declared, QueryCheck.declared, FreshnessCheck.declared, SchemaCheck.declared, EngineCheck.declared, FilesCheck.declared,
    CommandCheck.declared, KeysCheck.declared, DigestCheck.declared,
  ]
}
