import ArgumentParser
import DrillConfig
import DrillModel
import Drilling
import EngineKit
import Foundation
import Glibc
import Ledger
import Registry

/// What every command takes.
struct SiteOptions: ParsableArguments {
  @Option(
    name: .long, help: ArgumentHelp("The site file, or its directory; drills/ lies beside it. (default: drillmark.yaml)", valueName: "path")
  )
  var config: String?

  /// Reads the site file and every drill beside it. Faults of drill files are left to the caller.
  ///
  /// - Throws: An exit status when the site file itself is wrong: where the ledger lies is not known then.
  func load() throws -> LoadedSite {
    let loaded = Program.registry.load(config)
    guard let site = loaded.site else {
      LoadedSite.tell(loaded.diagnostics)
      throw ExitStatus.usage
    }
    return LoadedSite(site: site, drills: loaded.drills, diagnostics: loaded.diagnostics)
  }

  /// The same, telling every fault; valid drills can still run.
  func loadTelling() throws -> LoadedSite {
    let loaded = try load()
    LoadedSite.tell(loaded.diagnostics)
    return loaded
  }
}

/// A site whose file is valid, with its valid drills.
struct LoadedSite {
  let site: Site
  let drills: [DrillPlan]
  let diagnostics: Diagnostics

  static func tell(_ diagnostics: Diagnostics) {
    for diagnostic in diagnostics.sorted { drillmark.tell(Terminal.inert(diagnostic.description)) }
    if diagnostics.dropped > 0 { drillmark.tell("and \(diagnostics.dropped) more") }
  }

  /// The drill of that name.
  ///
  /// - Throws: `Fault` with code `configuration` that names those there are.
  func drill(_ name: String) throws -> DrillPlan {
    if let plan = drills.first(where: { $0.drill.name == name }) { return plan }
    let names = drills.map { "\"\(Terminal.inert(String($0.drill.name.prefix(60))))\"" }.prefix(20).joined(separator: ", ")
    let shown = Terminal.inert(String(name.prefix(60)))
    throw Fault(
      .configuration, "there is no drill \"\(shown)\"" + (diagnostics.hasErrors ? ", or its file is invalid" : ""),
      advice: names.isEmpty ? "`drillmark init` writes a first one" : "Drills here: \(names)")
  }
}

/// What the commands of one site work with.
struct SiteTools {
  let site: Site
  private let drills: [DrillPlan]
  let clocks = SystemClocks()

  init(_ loaded: LoadedSite) {
    site = loaded.site
    drills = loaded.drills
  }

  /// Opens the ledger for writing, making it where there is none.
  func ledger() throws -> Ledger {
    let step = CrashPoints.fromEnvironment()
    return try Ledger.open(at: site.ledger, clocks: clocks, options: Ledger.Options(crashPoint: { step("ledger, \($0)") }))
  }

  func runner(_ ledger: Ledger) -> DrillRunner {
    let settings = settings
    let reapers = Program.registry.reapers(of: drills, environment: settings.environment, aws: site.aws)
    return DrillRunner(settings: settings, ledger: ledger, clocks: clocks, reapers: reapers)
  }

  /// Logs of tools lie beside the ledger, which is private to its owner.
  var logs: String { (site.ledger as NSString).deletingLastPathComponent + "/logs" }

  var alerts: AlertSettings {
    AlertSettings(routes: site.notify, escalation: site.escalate, drills: drills.map(\.drill), site: "\(site.directory)/drillmark.yaml")
  }

  var settings: RunSettings {
    RunSettings(
      host: ProgramPath.host, version: Drillmark.version, scratch: site.scratch.directory,
      keepFree: site.scratch.keepFree, cache: ProgramPath.cache, logs: logs,
      protected: ProtectedSystems(hosts: site.protect.hosts, systems: site.protect.systems.map(String.init)),
      alerts: alerts, environment: ProcessInfo.processInfo.environment, crashPoint: CrashPoints.fromEnvironment())
  }
}

/// This host and where our caches are.
enum ProgramPath {
  static var host: String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard gethostname(&buffer, buffer.count - 1) == 0 else { return "unknown" }
    return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// Templates of initialised servers: outside every scratch directory, kept between runs.
  static var cache: String {
    let environment = ProcessInfo.processInfo.environment
    if geteuid() == 0 { return "/var/cache/drillmark" }
    if let base = environment["XDG_CACHE_HOME"], base.hasPrefix("/") { return "\(base)/drillmark" }
    if let home = environment["HOME"], home.hasPrefix("/") { return "\(home)/.cache/drillmark" }
    // Never below /tmp, where anybody could have put a template for us; where there is no home, making it says what to set.
    guard let entry = getpwuid(geteuid()), let home = entry.pointee.pw_dir else { return "/nonexistent/drillmark" }
    return "\(String(cString: home))/.cache/drillmark"
  }
}
