import ArgumentParser
import Dispatch
import DrillModel
import Drilling
import Foundation
import Glibc
import Ledger
import Scheduler
import Synchronization
import ToolRunner

struct ScheduleCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schedule", abstract: "The daemon: run drills when their schedules say so.",
    discussion: """
      Example:
        drillmark schedule
        drillmark schedule --drain 30m

      SIGTERM or SIGINT: no new runs; those that are going may end within --drain, then they are interrupted and cleaned up. A second
      signal interrupts them at once. SIGHUP: read the files again; a file that is wrong keeps its old version in force. Changed files
      are noticed within a minute, too.

      Exit status: 0 stopped as asked; 2 the ledger cannot be used; 64 an invalid site file.
      """)

  @Option(help: ArgumentHelp("How long a stop waits for runs to end by themselves.", valueName: "duration")) var drain = "10m"
  @OptionGroup var options: SiteOptions

  func validate() throws {
    if Duration(text: drain) == nil { throw ValidationError("--drain takes a duration such as 90s, 10m or 2h, not \"\(drain)\".") }
  }

  func run() async throws {
    try await withFaults {
      let loaded = try options.load()
      let tools = SiteTools(loaded)
      let signals = DaemonSignals()
      let sources = signals.listen()
      defer { for source in sources { source.cancel() } }
      guard let ledger = try await ledger(tools, signals) else { return }
      let site = ScheduleSite(config: options.config, loaded, ledger)
      var parts = SchedulerParts(
        ledger: ledger, clocks: tools.clocks,
        manager: ServiceManager(environment: ProcessInfo.processInfo.environment, pid: getpid()),
        read: { (try? await onThread("read") { site.read() }) ?? site.read() },
        filesVersion: { (try? await onThread("files") { site.filesVersion() }) ?? "" }, say: { tell(Terminal.inert($0)) },
        host: ProgramPath.host, pid: getpid(), drain: Duration(text: drain) ?? .seconds(600))
      parts.duties = ScheduleDuties.ofSite(ledger: ledger, clocks: tools.clocks)
      var daemon = SchedulerDaemon(parts, site: await parts.read())
      signals.deliver(to: daemon.signal)
      await daemon.run()
    }
  }

  /// The ledger, waited for while it is locked or its disk is full: a service that ends and is started again would only say so more often.
  private func ledger(_ tools: SiteTools, _ signals: DaemonSignals) async throws -> Ledger? {
    var told = ""
    while !signals.isStopping {
      do { return try await onThread("open") { try tools.ledger() } } catch let fault as Fault where fault.isTransient {
        if fault.description != told { tell("drillmark: \(Terminal.inert(fault.description)); waiting for it") }
        told = fault.description
        for _ in 0..<30 where !signals.isStopping { try? await Task.sleep(for: .seconds(1)) }
      }
    }
    return nil
  }
}

/// SIGTERM, SIGINT and SIGHUP as messages to a daemon; those that come before it listens are kept.
private final class DaemonSignals: Sendable {
  private let state = Mutex<(waiting: [SchedulerDaemon.Signal], target: (@Sendable (SchedulerDaemon.Signal) -> Void)?)>(([], nil))

  /// Listens as long as the sources live.
  func listen() -> [any DispatchSourceSignal] {
    [(SIGTERM, SchedulerDaemon.Signal.stop), (SIGINT, .stop), (SIGHUP, .reload)].map { number, message in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { self.take(message) }
      source.resume()
      return source
    }
  }

  private func take(_ message: SchedulerDaemon.Signal) {
    state.withLock { state in
      if let target = state.target { target(message) } else { state.waiting.append(message) }
    }
  }

  /// Whether a stop came before anybody listened.
  var isStopping: Bool { state.withLock { $0.waiting.contains(.stop) } }

  func deliver(to target: @escaping @Sendable (SchedulerDaemon.Signal) -> Void) {
    state.withLock { state in
      for message in state.waiting { target(message) }
      state = ([], target)
    }
  }
}
