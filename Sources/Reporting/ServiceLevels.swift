package import DrillModel
package import Objectives

/// What can be promised today, for each drill and each tier, and on how much that rests.
package struct ServiceLevels: Sendable {
  package let drills: [Line]
  package let tiers: [Tier]
  package let share: Double
  package let period: Report.Period

  /// One declared drill against its objectives of today.
  package struct Line: Sendable {
    package let drill: String
    package let tier: String?
    package let rpo: ObjectiveEvidence
    package let rto: ObjectiveEvidence
    /// Runs left out because another engine restored them than the newest.
    package let otherEngine: Int

    /// - Parameter figures: Its runs, in the order in which they were sealed.
    package init(drill: String, tier: String?, rpo: Double?, rto: Double?, figures: [RunFigures], share: Double) {
      self.drill = drill
      self.tier = tier
      let engine = figures.last { !$0.engine.isEmpty }?.engine ?? ""
      // Runs that ended before their engine was known say that recovery did not come, whatever the engine.
      let same = figures.filter { $0.engine == engine || $0.engine.isEmpty }
      otherEngine = figures.count - same.count
      self.rpo = ObjectiveEvidence(.rpo, of: same, objective: rpo, share: share)
      self.rto = ObjectiveEvidence(.rto, of: same, objective: rto, share: share)
    }
  }

  /// A tier can promise only what every drill in it can.
  package struct Tier: Sendable {
    package let tier: String
    package let drills: Int
    package let untested: Int
    package let rpo: Promise
    package let rto: Promise
  }

  /// What the drills of a tier carry together.
  package struct Promise: Sendable {
    package let kind: ObjectiveEvidence.Kind
    /// The weakest of its drills' conclusions.
    package let conclusion: ObjectiveEvidence.Conclusion
    /// The drill that decides it.
    package let decidedBy: String?
    /// The greatest of its drills' figures; nil when one of them has none.
    package let supported: Double?
    /// The worst figure of any of its drills; infinity when one did not recover, nil when none was measured.
    package let worst: Double?
    package let runs: Int
  }

  package init(_ lines: [Line], share: Double, period: Report.Period) {
    drills = lines.sorted { $0.drill < $1.drill }
    self.share = share
    self.period = period
    tiers = Dictionary(grouping: drills.filter { $0.tier != nil }, by: { $0.tier ?? "" }).sorted { $0.key < $1.key }.map { tier, members in
      Tier(
        tier: tier, drills: members.count, untested: members.count { $0.rpo.runs == 0 && $0.rto.runs == 0 },
        rpo: Promise(members.map { ($0.drill, $0.rpo) }, .rpo), rto: Promise(members.map { ($0.drill, $0.rto) }, .rto))
    }
  }

  /// One JSON document without a line end.
  package var json: String {
    var json = JSONWriter()
    json.object { json in
      json.add("from", period.from.description)
      json.add("to", period.to.description)
      json.add("share", share: share)
      json.add("confidence", share: Binomial.confidence)
      json.array("drills") { json in for line in drills { json.object { line.add(to: &$0) } } }
      json.array("tiers") { json in for tier in tiers { json.object { tier.add(to: &$0) } } }
    }
    return json.text
  }
}

extension ServiceLevels.Promise {
  fileprivate init(_ members: [(drill: String, evidence: ObjectiveEvidence)], _ kind: ObjectiveEvidence.Kind) {
    let deciding = members.min { $0.evidence.conclusion.rank < $1.evidence.conclusion.rank }
    self.kind = kind
    conclusion = deciding?.evidence.conclusion ?? .untested
    decidedBy = deciding?.drill
    let supported = members.compactMap(\.evidence.supported)
    self.supported = supported.count == members.count ? supported.max() : nil
    worst = members.contains { $0.evidence.unrecovered > 0 } ? .infinity : members.compactMap(\.evidence.worst).max()
    runs = members.reduce(0) { $0 + $1.evidence.runs }
  }

  fileprivate func add(to json: inout JSONWriter) {
    json.add("conclusion", EvidenceJSON.name(conclusion))
    if case .open(let more) = conclusion { json.add("more_needed", more) } else { json.add("more_needed", nil as Int?) }
    json.add("decided_by", decidedBy)
    json.add("supported_s", seconds: supported)
    json.add("worst_s", seconds: worst)
    json.add("runs", runs)
  }
}

extension ServiceLevels.Line {
  fileprivate func add(to json: inout JSONWriter) {
    json.add("drill", drill)
    json.add("tier", tier)
    json.object("rpo") { EvidenceJSON.add(rpo, to: &$0) }
    json.object("rto") { EvidenceJSON.add(rto, to: &$0) }
    json.add("other_engine_runs", otherEngine)
  }
}

extension ServiceLevels.Tier {
  fileprivate func add(to json: inout JSONWriter) {
    json.add("tier", tier)
    json.add("drills", drills)
    json.add("untested_drills", untested)
    json.object("rpo") { rpo.add(to: &$0) }
    json.object("rto") { rto.add(to: &$0) }
  }
}

extension ObjectiveEvidence.Conclusion {
  /// Weaker is smaller; of two that are open, the one that needs more.
  fileprivate var rank: Int {
    switch self {
    case .contradicted: Int.min
    case .untested: Int.min + 1
    case .open(let more): -more
    case .confirmed: 1
    case .noObjective: 2
    }
  }
}
