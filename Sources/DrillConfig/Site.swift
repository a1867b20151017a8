package import DrillModel

/// What holds for all drills of a site: the settings of `drillmark.yaml`, or the usual ones.
package struct Site: Sendable, Hashable {
  /// The absolute directory that holds `drillmark.yaml` and `drills/`.
  package var directory: String
  /// Absolute path of the SQLite ledger.
  package var ledger: String
  /// Absolute path of the directory for reports.
  package var reports: String
  package var scratch: ScratchSettings
  /// Runs at once on this host.
  package var parallel: Int
  package var aws: AWSSettings
  package var tiers: [String: DrillObjectives]
  package var notify: [NotificationRoute]
  package var escalate: [EscalationStage]
  package var protect: Protection

  /// The usual settings of a site in `directory`, which must be absolute.
  package init(directory: String) {
    self.directory = directory
    ledger = "\(directory)/state/drillmark.sqlite"
    reports = "\(directory)/reports"
    scratch = ScratchSettings()
    parallel = 1
    aws = AWSSettings()
    tiers = [:]
    notify = []
    escalate = []
    protect = Protection()
  }
}

/// What no drill may touch.
package struct Protection: Sendable, Hashable {
  /// Host names and addresses.
  package var hosts: [String] = []
  /// System identifiers of PostgreSQL servers, which every copy of a server shares with it.
  package var systems: [Int] = []

  package init() {}
}

/// Where and how scratch targets are made.
package struct ScratchSettings: Sendable, Hashable {
  package var directory = "/var/tmp/drillmark"
  /// What stays free on the scratch directory's file system.
  package var keepFree = FreeSpace.share(0.1)
  package var durability = Durability.production

  package init() {}
}
