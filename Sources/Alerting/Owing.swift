import Digesting
package import DrillConfig
package import DrillModel

/// Who is told what, worked out from values alone.
package struct Owing: Sendable {
  package var routes: [NotificationRoute]
  package var escalation: [EscalationStage]

  package init(routes: [NotificationRoute], escalation: [EscalationStage] = []) {
    self.routes = routes
    self.escalation = escalation.sorted { $0.after < $1.after }
  }

  /// Whether nobody would ever be told anything.
  package var isEmpty: Bool { routes.isEmpty && escalation.isEmpty }

  /// Every receiver by its key; where `notify` and `escalate` name the same one, `notify`'s settings hold.
  package var receivers: [(key: String, route: NotificationRoute)] {
    var seen: Set<String> = []
    return (routes + escalation.map(\.route)).compactMap { route in
      let key = RouteKey.of(route)
      return seen.insert(key).inserted ? (key, route) : nil
    }
  }
}

/// One message to one receiver.
package struct OwedNotice: Sendable, Hashable {
  /// `RouteKey.of` the receiver.
  package var route: String
  package var notice: Notice
}

/// What a drill's change of state owes, and what becomes of its incident.
package struct Owed: Sendable, Hashable {
  package var notices: [OwedNotice] = []
  package var incident: Change = .keep

  package enum Change: Sendable, Hashable {
    case keep
    case set(Incident)
    case close
  }
}

/// What is known of a drill beside its runs.
package struct DrillFacts: Sendable, Hashable {
  package var name: String
  package var description: String?
  package var owner: String?
  package var tier: String?
  package var lastPass: Timestamp?
  /// When its schedule has the next run; nil without a schedule.
  package var nextDue: Timestamp?
  package var evidence: Notice.Evidence
  /// The site file as `--config` takes it.
  package var site: String?

  package init(
    name: String, description: String? = nil, owner: String? = nil, tier: String? = nil, lastPass: Timestamp? = nil,
    nextDue: Timestamp? = nil, evidence: Notice.Evidence, site: String? = nil
  ) {
    self.name = name
    self.description = description
    self.owner = owner
    self.tier = tier
    self.lastPass = lastPass
    self.nextDue = nextDue
    self.evidence = evidence
    self.site = site
  }
}

/// Ids that come out the same whoever works them out, so that owing twice is a no-op.
enum NoticeID {
  /// At most 50 letters, digits and dashes: SNS takes it as a deduplication id, mail as the left side of a Message-ID.
  ///
  /// - Parameter subject: What is told of: a run, a due time, or an incident with a count.
  static func of(_ event: NotificationEvent, drill: String, subject: String, route: String) -> String {
    let bytes = ["drillmark notification 1", drill, event.rawValue, subject, route].flatMap { text -> [UInt8] in
      let part = Array(text.utf8)
      return Array("\(part.count):".utf8) + part
    }
    let name = event.rawValue.replacing("_", with: "-")
    return "\(name)-\(Hexadecimal.encode(SHA256.digest(of: bytes)).prefix(32))"
  }
}
