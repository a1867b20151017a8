import DrillConfig

/// What a drill may say about a restore into etcd.
package struct EtcdOptions: Sendable, Hashable {
  /// Whether a database file without a hash is taken.
  package var skipsHashCheck = false

  package init() {}

  static let section = Section<EtcdOptions>([
    Key(
      "skip-hash-check", \.skipsHashCheck, .boolean, default: "false",
      "Take a database file that was copied from a stopped member (`member/snap/db`) and so carries no hash; one that does is always checked"
    )
  ])
}
