import DrillConfig
import DrillModel
import Drilling
import Foundation
import Ledger
import Notifications
import Registry
import Scheduler

/// A site as the scheduler sees it: its files, read anew as often as asked.
struct ScheduleSite: Sendable {
  /// What `--config` says.
  let config: String?
  /// The site that the ledger was opened for.
  let site: Site
  let ledger: Ledger

  init(config: String?, _ loaded: LoadedSite, _ ledger: Ledger) {
    self.config = config
    site = loaded.site
    self.ledger = ledger
  }

  /// Reads every file. Blocks.
  func read() -> SiteReading {
    let loaded = Program.registry.load(config)
    var faults = ScheduleSite.faults(loaded.diagnostics)
    let changed = Dictionary(
      loaded.drills.map { ($0.file.shown, ScheduleSite.changed($0.file.shown)) }, uniquingKeysWith: { first, _ in first }
    ).compactMapValues(\.self)
    var (runner, alerts): (DrillRunner?, AlertSettings?)
    var messenger: Messenger?
    if let new = loaded.site {
      if new.ledger == site.ledger {
        let tools = SiteTools(LoadedSite(site: new, drills: loaded.drills, diagnostics: loaded.diagnostics))
        (runner, alerts, messenger) = (tools.runner(ledger), tools.alerts, Messenger(tools, ledger: ledger))
      } else {
        faults.append(.init(file: "drillmark.yaml", text: "the site has another ledger now, which counts from the next start on"))
      }
    }
    var reading = SiteReading(
      drills: loaded.drills, faults: faults, parallel: loaded.site?.parallel ?? site.parallel, runner: runner, alerts: alerts,
      changed: changed)
    if let messenger { reading.deliver = { await messenger.deliver().line } }
    return reading
  }

  /// A text that differs whenever a file of the site does: names, sizes, times and places on disk. Blocks.
  func filesVersion() -> String {
    let drills = "\(site.directory)/drills"
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: drills)) ?? []).filter { !$0.hasPrefix(".") }.sorted()
    let named = [config].compactMap(\.self).filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }
    let files = ["\(site.directory)/drillmark.yaml"] + named + names.map { "\(drills)/\($0)" }
    return files.map(ScheduleSite.mark).joined(separator: "\n")
  }

  private static func faults(_ diagnostics: Diagnostics) -> [SiteReading.FileFault] {
    diagnostics.sorted.filter { $0.severity == .error }.map { .init(file: $0.file, text: $0.description) }
  }

  private static func mark(_ path: String) -> String {
    FileStamp(path).map { "\(path) \($0.inode) \($0.size) \($0.modified.milliseconds)" } ?? "\(path) -"
  }

  private static func changed(_ path: String) -> Timestamp? { FileStamp(path)?.modified }
}
