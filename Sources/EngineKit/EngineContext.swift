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
  /// A user of this run's own that boxed programs become; nil when we are not root and they stay who we are.
  package var user: Box.User?
  /// Told the decoded bytes restored so far, from any thread.
  package var progress: @Sendable (_ phase: PhaseName, _ done: Int64, _ total: Int64?) -> Void

  package init(
    run: RunID, directory: String, cache: String, tools: any ToolRunning, journal: any ScratchJournal, clocks: any Clocks,
    durability: Durability, limits: UnpackLimits, protected: ProtectedSystems, user: Box.User? = nil,
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
    self.user = user
    self.progress = progress
  }
}

/// What no drill may touch (`protect` in the site file).
package struct ProtectedSystems: Sendable, Hashable {
  package var hosts: [String]

  package init(hosts: [String] = []) { self.hosts = hosts }
}

/// Records what a run creates, before and after, so that a crash leaves nothing unknown. Every call is durable when it returns.
package protocol ScratchJournal: Sendable {
  /// Must be called before the resource is made.
  func intend(_ resource: ScratchResource) async throws
  func made(_ resource: ScratchResource) async throws
  func gone(_ resource: ScratchResource) async throws
}
