/// Cases that share their inputs.
struct CaseGroup: Sendable {
  let names: [String]
  /// Makes the inputs. Throws `Unavailable` when this machine cannot carry the cases out.
  let prepare: @Sendable (Workshop, Options) throws -> [Case]

  static let all: [CaseGroup] = [
    .startUp, .dynamicStartUp, .ledger, .sqlite, .files, .manifest, .s3, .postgresql, .postgresqlPhysical, .mysql, .mysqlPhysical, .redis,
    .etcd, .report,
  ]
}
