package import DrillModel
package import ToolRunner

/// One declared check of restored data. A finding is a value, never an error.
package protocol IntegrityCheck: Sendable {
  /// The key that names it in drill files.
  var kind: String { get }

  /// What it must be able to ask.
  var needs: ProbeKinds { get }

  /// Whether it looks at restored data, which at least one check of a passing run must.
  var looksAtData: Bool { get }

  /// For a name where the drill gives none: `rows of orders`.
  var title: String { get }

  /// Carries it out; a deadline is the caller's, and cancelling must end it.
  func evaluate(_ subject: CheckSubject) async -> CheckFinding
}

/// What a check may look at.
package struct CheckSubject: Sendable {
  package var probes: Probes
  package var tools: any ToolRunning
  package var timeout: Duration
  /// The recovery point's time, from which a freshness check's `max-age` counts.
  package var recoveryPoint: Timestamp?
  package var failureInstant: Timestamp
  /// `DRILLMARK_*` for commands: run, drill, scratch directory and how to reach the target.
  package var environment: [String: String]
  /// The name of the newest artefact that was restored, without folders; nil where nothing was.
  package var artefact: String?
  /// Takes a line for people about how far a long check is; from any thread.
  package var tell: @Sendable (String) -> Void

  package init(
    probes: Probes, tools: any ToolRunning, timeout: Duration, recoveryPoint: Timestamp?, failureInstant: Timestamp,
    environment: [String: String], artefact: String? = nil, tell: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.probes = probes
    self.tools = tools
    self.timeout = timeout
    self.recoveryPoint = recoveryPoint
    self.failureInstant = failureInstant
    self.environment = environment
    self.artefact = artefact
    self.tell = tell
  }
}

package struct CheckFinding: Sendable, Hashable {
  package var verdict: CheckVerdict
  /// Numbers, names and digests only; never a customer's row.
  package var expected: String?
  package var found: String?
  /// The newest record's time, from a freshness check.
  package var newest: Timestamp?
  /// Whether `newest` governs the recovery point actual.
  package var governs: Bool

  package init(_ verdict: CheckVerdict, expected: String? = nil, found: String? = nil, newest: Timestamp? = nil, governs: Bool = false) {
    self.verdict = verdict
    self.expected = expected
    self.found = found
    self.newest = newest
    self.governs = governs
  }

  /// The finding for a question that had no answer: missing and damaged data fail, the rest could not be verified.
  package init(_ error: ProbeError, expected: String?) {
    switch error {
    case .missing, .damaged: self.init(.failed, expected: expected, found: error.message)
    case .invalid, .timeout, .unavailable: self.init(.couldNotVerify, expected: expected, found: error.message)
    }
  }
}
