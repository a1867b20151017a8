package import Alerting
package import DrillConfig
package import DrillModel
import Scheduling

/// Whom a site tells, and what messages say of its drills beside their runs.
package struct AlertSettings: Sendable {
  package var owing: Owing
  /// The declared drills by name.
  package var drills: [String: Drill]
  /// The site file as `--config` takes it.
  package var site: String?

  package init(
    routes: [NotificationRoute] = [], escalation: [EscalationStage] = [], drills: [Drill] = [], site: String? = nil
  ) {
    owing = Owing(routes: routes, escalation: escalation)
    self.drills = Dictionary(drills.map { ($0.name, $0) }) { first, _ in first }
    self.site = site
  }

  func facts(
    of name: String, _ drill: Drill?, lastPass: Timestamp?, host: String, ledger: String, now: Timestamp
  ) -> DrillFacts {
    let drill = drill ?? drills[name]
    return DrillFacts(
      name: name, description: drill?.description, owner: drill?.owner, tier: drill?.tier, lastPass: lastPass,
      nextDue: (try? drill?.schedule?.next(after: now)).flatMap { $0 }, evidence: Notice.Evidence(host: host, ledger: ledger), site: site)
  }
}
