import DrillConfig
package import DrillModel
package import Drilling
package import EngineKit

/// What reading a site's files gave.
package struct SiteReading: Sendable {
  /// The valid drills.
  package var drills: [DrillPlan]
  /// A line for people on each fault, with the file it is in.
  package var faults: [FileFault]
  /// Runs at once.
  package var parallel: Int
  /// What carries out the runs; nil when the site file is wrong, or asks for what a running daemon cannot change.
  package var runner: DrillRunner?
  /// Whom the site tells; nil when the site file is wrong.
  package var alerts: AlertSettings?
  /// Delivers what is due to whom the site tells, and gives a line when something is left; nil when the site file is wrong.
  package var deliver: (@Sendable () async -> String?)?
  /// When each drill's file was changed, by the file's name.
  package var changed: [String: Timestamp]

  package struct FileFault: Sendable, Hashable {
    package var file: String
    package var text: String

    package init(file: String, text: String) {
      self.file = file
      self.text = text
    }
  }

  package init(
    drills: [DrillPlan], faults: [FileFault], parallel: Int, runner: DrillRunner?, alerts: AlertSettings? = nil,
    changed: [String: Timestamp] = [:]
  ) {
    self.drills = drills
    self.faults = faults
    self.parallel = parallel
    self.runner = runner
    self.alerts = alerts
    self.changed = changed
  }

  package var declared: [DeclaredDrill] { drills.map { DeclaredDrill($0.drill, declaredAt: changed[$0.file.shown]) } }
}

/// The site as a daemon works with it: the newest version of each file that was right.
package struct CurrentSite: Sendable {
  package private(set) var reading: SiteReading
  /// Drills that run as an older version of their file says, because the file is wrong now: the file's name by drill.
  package private(set) var outdated: [String: String] = [:]

  package init(_ reading: SiteReading) { self.reading = reading }

  /// Takes a new reading over. A file that is wrong keeps what it declared when it was last right; with a wrong site file, everything stays
  /// as it was.
  package mutating func take(_ new: SiteReading) {
    guard new.runner != nil else {
      reading.faults = new.faults
      return
    }
    var next = new
    let wrong = Set(new.faults.map(\.file))
    let kept = reading.drills.filter { old in wrong.contains(old.file.shown) && !new.drills.contains { $0.file.shown == old.file.shown } }
    let names = Set(kept.map(\.drill.name))
    for plan in new.drills where names.contains(plan.drill.name) {
      next.faults.append(
        .init(file: plan.file.shown, text: "\(plan.file.shown): its drill has the name of one that still runs from another file"))
    }
    next.drills.removeAll { names.contains($0.drill.name) }
    next.drills += kept
    outdated = Dictionary(kept.map { ($0.drill.name, $0.file.shown) }, uniquingKeysWith: { first, _ in first })
    for plan in kept { next.changed[plan.file.shown] = reading.changed[plan.file.shown] }
    reading = next
  }
}
