/// Which of the three figures governs the recovery point actual.
package enum RPOBasis: String, Sendable, Codable, CaseIterable {
  case worst
  case artefactAge = "artefact-age"
  case worstGap = "worst-gap"
  case dataAge = "data-age"
}

/// Where the recovery time clock stops.
package enum RTOUntil: String, Sendable, Codable, CaseIterable {
  case ready
  case verified
}

/// What was promised. Nil means not promised.
package struct DrillObjectives: Sendable, Hashable {
  package var rpo: Duration?
  package var rto: Duration?
  /// How often a drill must pass or fail; beyond this and a tenth it is overdue. Only for drills without a schedule.
  package var every: Duration?
  package var rpoBasis: RPOBasis?
  package var rtoUntil: RTOUntil?
  /// The share by which the worst gap may exceed the objective, for jitter and daylight saving; 0.1 unless said.
  package var gapTolerance: Double?

  package init(
    rpo: Duration? = nil, rto: Duration? = nil, every: Duration? = nil, rpoBasis: RPOBasis? = nil, rtoUntil: RTOUntil? = nil,
    gapTolerance: Double? = nil
  ) {
    self.rpo = rpo
    self.rto = rto
    self.every = every
    self.rpoBasis = rpoBasis
    self.rtoUntil = rtoUntil
    self.gapTolerance = gapTolerance
  }

  /// These objectives with each missing one taken from `tier`.
  package func merged(over tier: DrillObjectives) -> DrillObjectives {
    DrillObjectives(
      rpo: rpo ?? tier.rpo, rto: rto ?? tier.rto, every: every ?? tier.every, rpoBasis: rpoBasis ?? tier.rpoBasis,
      rtoUntil: rtoUntil ?? tier.rtoUntil, gapTolerance: gapTolerance ?? tier.gapTolerance)
  }
}

/// What happens to a due time that passed while nobody was there.
package enum MissedPolicy: String, Sendable, Codable, CaseIterable {
  case runOnce = "run-once"
  case skip
}

/// When a drill runs by itself.
package struct DrillSchedule: Sendable, Hashable {
  /// A cron expression in Debian's dialect, or `@weekly` and friends.
  package var cron: String
  /// An IANA zone name.
  package var timezone: String
  package var jitter: Duration
  package var startWithin: Duration?
  package var finishWithin: Duration?
  package var missed: MissedPolicy

  package init(
    cron: String, timezone: String = "UTC", jitter: Duration = .zero, startWithin: Duration? = nil, finishWithin: Duration? = nil,
    missed: MissedPolicy = .runOnce
  ) {
    self.cron = cron
    self.timezone = timezone
    self.jitter = jitter
    self.startWithin = startWithin
    self.finishWithin = finishWithin
    self.missed = missed
  }
}

/// Which recovery point a drill restores.
package enum Selection: Sendable, Hashable {
  case latest
  /// One at random among those at most this old.
  case randomWithin(Duration)
  /// The oldest among those at most this old.
  case oldestWithin(Duration)
  /// The newest at or before this instant, which becomes the failure instant.
  case at(Timestamp)
}

/// How recovery points are told apart, timed and chosen, whatever store they lie in.
package struct SelectionRules: Sendable, Hashable {
  /// The pattern of names, as written; nil takes every file but sidecars and temporary names.
  package var match: String?
  /// IANA zone of the time in the name.
  package var nameTimezone: String
  /// IANA zone of a header time that carries none; nil means that such a time only cross-checks the name.
  package var headerTimezone: String?
  package var trustModifiedTime: Bool
  /// How long a backup takes, subtracted where the time in the name is the backup's end.
  package var duration: Duration
  package var select: Selection
  /// How far back the worst gap looks.
  package var window: Duration
  /// Files younger than this may still be arriving.
  package var settle: Duration
  /// How far in the future a recovery point's time may lie.
  package var clockSkew: Duration

  package init(
    match: String? = nil, nameTimezone: String = "UTC", headerTimezone: String? = nil, trustModifiedTime: Bool = false,
    duration: Duration = .zero, select: Selection = .latest, window: Duration = .seconds(30 * 86_400), settle: Duration = .seconds(3600),
    clockSkew: Duration = .seconds(300)
  ) {
    self.match = match
    self.nameTimezone = nameTimezone
    self.headerTimezone = headerTimezone
    self.trustModifiedTime = trustModifiedTime
    self.duration = duration
    self.select = select
    self.window = window
    self.settle = settle
    self.clockSkew = clockSkew
  }
}

/// Whether the scratch target syncs to disk as production would.
package enum Durability: String, Sendable, Codable, CaseIterable {
  case production
  case relaxed
}

/// Bounds on what a backup may unpack to (promise 6).
package struct UnpackLimits: Sendable, Hashable {
  /// Bytes that unpacking may write; nil leaves only the free space kept.
  package var bytes: Int64?
  /// Files, directories and links in an archive.
  package var entries: Int
  /// Unpacked bytes for each packed byte, judged once 1 GiB has come out.
  package var ratio: Int

  package init(bytes: Int64? = nil, entries: Int = 10_000_000, ratio: Int = 2000) {
    self.bytes = bytes
    self.entries = entries
    self.ratio = ratio
  }
}

/// Deadlines of the phases; a phase without its own has the default.
package struct PhaseDeadlines: Sendable, Hashable {
  package var limits: [PhaseName: Duration]

  package init(limits: [PhaseName: Duration] = [:]) { self.limits = limits }

  package subscript(phase: PhaseName) -> Duration {
    if let own = limits[phase] { return own }
    return switch phase {
    case .select, .provision, .ready: .seconds(600)
    case .fetch, .restore, .recover: .seconds(86_400)
    case .verify: .seconds(21_600)
    case .cleanup: .seconds(1800)
    }
  }
}

/// What a drill file declares beside the parts that a source, an engine or a check reads for itself.
package struct Drill: Sendable, Hashable {
  package var name: String
  package var description: String?
  package var owner: String?
  package var tier: String?
  /// The drill's own objectives merged over its tier's.
  package var objectives: DrillObjectives
  package var schedule: DrillSchedule?
  /// The moment of the simulated disaster; nil means the run's start.
  package var failureInstant: Timestamp?
  package var rules: SelectionRules
  package var durability: Durability
  package var limits: UnpackLimits
  package var deadlines: PhaseDeadlines
  /// The default deadline of one check.
  package var checkTimeout: Duration

  package init(name: String) {
    self.name = name
    objectives = DrillObjectives()
    rules = SelectionRules()
    durability = .production
    limits = UnpackLimits()
    deadlines = PhaseDeadlines()
    checkTimeout = .seconds(1800)
  }
}

/// What every check declares, whatever its kind.
package struct CheckRules: Sendable, Hashable {
  package var name: String
  package var kind: String
  package var severity: Severity
  package var timeout: Duration?
  /// Left out of the aggregate until the date, and shown with its reason.
  package var ignore: Ignore?

  package struct Ignore: Sendable, Hashable {
    package var reason: String
    package var until: Timestamp

    package init(reason: String, until: Timestamp) {
      self.reason = reason
      self.until = until
    }
  }

  package init(name: String, kind: String, severity: Severity = .fail, timeout: Duration? = nil, ignore: Ignore? = nil) {
    self.name = name
    self.kind = kind
    self.severity = severity
    self.timeout = timeout
    self.ignore = ignore
  }
}
