package import DrillModel
package import Ledger

/// What a daemon works with, so that a test can stand in for the machine.
package struct SchedulerParts: Sendable {
  package var ledger: Ledger
  package var clocks: any Clocks
  package var manager: ServiceManager
  /// Reads the site's files anew.
  package var read: @Sendable () async -> SiteReading
  /// Changes whenever one of the site's files does.
  package var filesVersion: @Sendable () async -> String
  package var duties: ScheduleDuties
  /// Takes one line of the log, with names from outside still as they are.
  package var say: @Sendable (String) -> Void
  package var sleep: @Sendable (Duration) async -> Void = { try? await Task.sleep(for: $0) }
  package var host: String
  package var pid: Int32
  /// How long a stop waits for runs to end by themselves.
  package var drain: Duration
  /// The longest time between two looks.
  package var pause = Duration.seconds(30)

  package init(
    ledger: Ledger, clocks: any Clocks, manager: ServiceManager, read: @escaping @Sendable () async -> SiteReading,
    filesVersion: @escaping @Sendable () async -> String, duties: ScheduleDuties = ScheduleDuties(),
    say: @escaping @Sendable (String) -> Void, host: String, pid: Int32, drain: Duration
  ) {
    self.ledger = ledger
    self.clocks = clocks
    self.manager = manager
    self.read = read
    self.filesVersion = filesVersion
    self.duties = duties
    self.say = say
    self.host = host
    self.pid = pid
    self.drain = drain
  }
}

/// What is done after every look and every run, beside starting runs. One after the other, never twice at the same time.
package struct ScheduleDuties: Sendable {
  /// Works out what is owed to people that no run owes: a drill that became overdue, a reminder. Gives lines for the log.
  package var workOut: @Sendable (SiteReading) async throws -> [String]
  /// Delivers what is due. Gives lines for the log.
  package var deliver: @Sendable (SiteReading) async throws -> [String]

  package init(
    workOut: @escaping @Sendable (SiteReading) async throws -> [String] = { _ in [] },
    deliver: @escaping @Sendable (SiteReading) async throws -> [String] = { _ in [] }
  ) {
    self.workOut = workOut
    self.deliver = deliver
  }
}
