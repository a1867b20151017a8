package import DrillConfig
package import DrillModel
package import Selecting
package import ToolRunner

/// Restores one kind of backup. A value that holds its drill's options; everything of one run is in the context.
package protocol RestoreEngine: Sendable {
  /// The name drill files use.
  var name: String { get }

  /// What a restored target of this engine can be asked.
  var provides: ProbeKinds { get }

  /// Finds the tools and their versions before anything is created. May be repeated.
  ///
  /// - Throws: `Fault` with a code whose verdict is `cannot_drill`.
  func preflight(_ context: EngineContext) async throws -> EngineIdentity

  /// Groups what was listed into recovery points where a point is more than one artefact: bases with their chains, dated, and what cannot
  /// be restored among the rejected with its reason. May read small files that lie beside artefacts on this machine.
  ///
  /// - Throws: `Fault` when the store as a whole cannot be judged.
  func assemble(_ survey: Survey) async throws -> Survey

  /// Whether it rolls forward with what the drill's `logs` hold.
  var takesLogs: Bool { get }

  /// The moment that the drill asks this engine to restore to, which is then its failure instant; nil for the newest state, or where the
  /// target is no time.
  var recoveryInstant: Timestamp? { get }

  /// Tells the format from the decoded beginning and says how the content must be handed over. Pure.
  ///
  /// - Throws: `Fault` that tells empty, encrypted, damaged and foreign content apart.
  func inspect(_ head: ContentHead) throws -> BackupIdentity

  /// Makes the scratch target inside `context.directory`, journalling anything that lies outside it before it is made.
  func provision(_ context: EngineContext, for identity: BackupIdentity) async throws -> any ScratchTarget

  /// Where the secrets lie that a run needs; each is fetched once when a run starts and given in the context.
  var secretReferences: [SecretReference] { get }

  /// What no text may show of these secrets: the values themselves are known, this adds parts of them, such as a password, and what
  /// they point to. May read files: call it on a thread of its own.
  func sensitiveParts(of secrets: FetchedSecrets) -> [String]

  /// What a run makes outside this machine, and what of it costs money, a line each; for people who look before they run it. Asks nobody.
  ///
  /// - Throws: as `inspect` does.
  func creations(for head: ContentHead) throws -> [String]

  /// Whether it restores what a source only names (`OpenedArtefact.handle`) in place of bytes.
  var restoresHandles: Bool { get }

  /// Where a run restores to, for people; `scratch` is the site's scratch directory.
  func place(scratch: String) -> String

  /// What the account of a cloud must allow for a restore and for destroying what it made, the least that works; none for an engine
  /// that restores on this machine.
  var permissions: [CloudPermission] { get }
}

extension RestoreEngine {
  package func assemble(_ survey: Survey) async throws -> Survey { survey }
  package var takesLogs: Bool { false }
  package var recoveryInstant: Timestamp? { nil }
  package var secretReferences: [SecretReference] { [] }
  package func sensitiveParts(of secrets: FetchedSecrets) -> [String] { [] }
  package var permissions: [CloudPermission] { [] }
  package func creations(for head: ContentHead) throws -> [String] { [] }
  package var restoresHandles: Bool { false }

  /// What a handle is the head of.
  ///
  /// - Throws: `Fault` with code `configuration` when this engine restores files.
  package func head(ofHandle handle: String, from place: String) throws -> ContentHead {
    guard restoresHandles else {
      throw Fault(
        .configuration, "the engine \(name) restores files, and \(place) are none",
        advice: "Use the engine that belongs to what `from` names")
    }
    return ContentHead(name: handle, bytes: [])
  }
  package func place(scratch: String) -> String { "a new directory in \(scratch), engine \(name)" }
}

/// A made scratch target. Calls come in the order restore, recover, awaitReady, probes; `destroy` may come at any time.
package protocol ScratchTarget: Sendable {
  /// Loads the content. Cancelling ends every tool it started.
  ///
  /// - Throws: `Fault`; one whose verdict is `failed` speaks about the backup.
  func restore(_ content: BackupContent) async throws -> RestoreReport

  /// Whether `recover` has anything to do.
  var rollsForward: Bool { get }

  /// Rolls what was restored forward to the moment that the drill asks for. Cancelling ends every tool it started.
  ///
  /// - Throws: as `restore` does.
  func recover() async throws -> RestoreReport

  /// Answers when the restored system answers.
  func awaitReady() async throws

  /// Ways to ask the restored system; called once, after it is ready.
  func probes() async throws -> Probes

  /// Commands with which a person reaches a kept target.
  var access: [String] { get }

  /// Ends servers and removes what lies outside the run's directory. Repeating it, or a target that is gone, is a success.
  func destroy() async throws
}

extension ScratchTarget {
  package var rollsForward: Bool { false }
  package func recover() async throws -> RestoreReport { RestoreReport(engineTime: .zero) }
}

/// Destroys what an earlier run left, known only by its ledger row. An engine that makes resources outside the run's directory has one.
package protocol ResourceReaper: Sendable {
  /// The resource kinds it knows.
  var kinds: [String] { get }

  /// Destroys the resource after proving by its marker that `run` made it. One that is already gone is a success.
  func destroy(_ resource: ScratchResource, of run: RunID, tools: any ToolRunning) async throws

  /// What it means that a resource stays, and the commands that remove it by hand; nil when the faults of `destroy` say all there is.
  func remains(_ resource: ScratchResource) -> String?
}

extension ResourceReaper {
  package func remains(_ resource: ScratchResource) -> String? { nil }
}

/// What an engine learned of its tools.
package struct EngineIdentity: Sendable {
  /// `postgresql 15.20`, for the record.
  package var version: String
  /// How untrusted content is kept from the host, or nil when this engine executes nothing of it.
  package var isolation: String?
  /// How durable the target is where the engine found that out itself; nil when it is what the drill asks for.
  package var durability: Durability?

  package init(version: String, isolation: String?, durability: Durability? = nil) {
    self.version = version
    self.isolation = isolation
    self.durability = durability
  }
}

/// What came of a restore.
package struct RestoreReport: Sendable {
  /// The engine's own restore time.
  package var engineTime: Duration
  /// The newest moment that the restored data itself vouches for (an event time, a last replayed transaction).
  package var dataTime: Timestamp?
  /// When the backup's own end says that taking it was completed, without a zone; for formats that say so only there.
  package var completed: CivilTime?
  /// Harmless oddities, each a sentence.
  package var notes: [String]
  /// What the engine read by tools of its own, beside the content that it was given.
  package var artefacts: [ArtefactRecord]

  package init(
    engineTime: Duration, dataTime: Timestamp? = nil, completed: CivilTime? = nil, notes: [String] = [], artefacts: [ArtefactRecord] = []
  ) {
    self.engineTime = engineTime
    self.dataTime = dataTime
    self.completed = completed
    self.notes = notes
    self.artefacts = artefacts
  }

  /// Both steps of one restore as one: times add up, and the later word on the data's time counts.
  package func followed(by later: RestoreReport) -> RestoreReport {
    RestoreReport(
      engineTime: engineTime + later.engineTime, dataTime: later.dataTime ?? dataTime, completed: later.completed ?? completed,
      notes: notes + later.notes, artefacts: artefacts + later.artefacts)
  }
}
