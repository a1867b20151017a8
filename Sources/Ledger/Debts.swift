package import DrillModel

/// What is known, inside the sealing transaction, to whoever works out what is owed.
package struct SealContext: Sendable {
  /// The record's own place in the chain.
  package let head: ChainLink
  /// The drill's open incident.
  package let incident: Incident?
  /// The routes to which that incident was escalated.
  package let escalated: Set<String>
}

/// What a drill's change of state owes to people.
package struct Debts: Sendable {
  package var notifications: [OwedNotification]
  package var incident: IncidentChange

  package init(notifications: [OwedNotification] = [], incident: IncidentChange = .keep) {
    self.notifications = notifications
    self.incident = incident
  }

  package enum IncidentChange: Sendable, Hashable {
    case keep
    /// Opens it, or replaces what is stored of it.
    case set(Incident)
    case close
  }

  /// Whether there is nothing to write.
  package var isEmpty: Bool { notifications.isEmpty && incident == .keep }
}
