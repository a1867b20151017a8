package import DrillModel
package import ToolRunner

/// What an engine may use during one run.
package struct EngineContext: Sendable {
  package var run: RunID
  /// The run's own scratch directory: exists, is empty but for its marker, is removed by the driver.
  package var directory: String
  /// Where templates may be kept between runs; never inside the scratch directory.
  package var cache: String
  package var tools: any ToolRunning
  package var journal: any ScratchJournal
  package var clocks: any Clocks
  package var durability: Durability
  package var limits: UnpackLimits
  package var protected: ProtectedSystems
  /// Directories on this machine that hold the drill's backups.
  package var sources: [String]
  /// What the engine's references point to.
  package var secrets: FetchedSecrets
  /// A user of this run's own that boxed programs become; nil when we are not root and they stay who we are.
  package var user: Box.User?
  /// What must be applied after the content, in order; empty for a point of one artefact. Known from `provision` on.
  package var chain: [ChainLink]
  /// The drill's `logs`; nil when it declares none.
  package var logs: LogArchive?
  /// The moment to restore to where `select: {at: …}` names one.
  package var recoverTo: Timestamp?
  /// Whose run it is (`drill`, `host`, `ledger`), for marking what is made elsewhere.
  package var labels: [String: String]
  /// Told the decoded bytes restored so far, from any thread.
  package var progress: @Sendable (_ phase: PhaseName, _ done: Int64, _ total: Int64?) -> Void

  package init(
    run: RunID, directory: String, cache: String, tools: any ToolRunning, journal: any ScratchJournal, clocks: any Clocks,
    durability: Durability, limits: UnpackLimits, protected: ProtectedSystems, sources: [String] = [],
    secrets: FetchedSecrets = FetchedSecrets(), user: Box.User? = nil, chain: [ChainLink] = [], logs: LogArchive? = nil,
    recoverTo: Timestamp? = nil, labels: [String: String] = [:],
    progress: @escaping @Sendable (PhaseName, Int64, Int64?) -> Void
  ) {
    self.run = run
    self.directory = directory
    self.cache = cache
    self.tools = tools
    self.journal = journal
    self.clocks = clocks
    self.durability = durability
    self.limits = limits
    self.protected = protected
    self.sources = sources
    self.secrets = secrets
    self.user = user
    self.chain = chain
    self.logs = logs
    self.recoverTo = recoverTo
    self.labels = labels
    self.progress = progress
  }
}

/// What no drill may touch (`protect` in the site file).
package struct ProtectedSystems: Sendable, Hashable {
  package var hosts: [String]
  /// System identifiers of PostgreSQL servers (`pg_controldata`), which every copy of a server shares with it.
  package var systems: [String]

  package init(hosts: [String] = [], systems: [String] = []) {
    self.hosts = hosts
    self.systems = systems
  }
}

/// Records what a run creates, before and after, so that a crash leaves nothing unknown. Every call is durable when it returns.
package protocol ScratchJournal: Sendable {
  /// Must be called before the resource is made.
  func intend(_ resource: ScratchResource) async throws
  func made(_ resource: ScratchResource) async throws
  func gone(_ resource: ScratchResource) async throws
}
