import DrillConfig
import DrillModel
import Drilling
import EngineKit
import Foundation
import Glibc
import Ledger
import Scheduler
import ToolRunner

/// Looks at everything that a drill of this site will need.
struct Examination {
  let drills: [DrillPlan]
  let settings: RunSettings
  let site: Site
  let clocks: any Clocks

  struct Finding: Sendable, Encodable {
    enum State: String, Sendable, Encodable { case good, doubtful, bad }

    let state: State
    let subject: String
    let text: String
  }

  func carryOut() async -> [Finding] {
    var findings =
      [isolation, scratch, ledger, scheduler].compactMap(\.self)
      + (await ChannelExamination(site: site, alerts: settings.alerts, clocks: clocks).findings())
    findings += (["\(site.directory)/drillmark.yaml"] + drills.map { absolute($0.file.shown) }).compactMap(openToOthers)
    for (subject, plan) in enginesInUse { findings.append(await engine(subject, plan)) }
    for plan in drills { findings.append(await source(plan)) }
    return findings
  }

  /// Each engine once, and once more for every secret that it is given.
  private var enginesInUse: [(String, DrillPlan)] {
    let named = drills.map { plan in
      let places = plan.engine.secretReferences.map(\.place)
      return ((["engine \(plan.engine.name)"] + places).joined(separator: ", "), plan)
    }
    return Dictionary(named, uniquingKeysWith: { first, _ in first }).sorted { $0.key < $1.key }
  }

  private var isolation: Finding {
    let isolation = Isolation.current
    let state: Finding.State = isolation.landlock == nil || geteuid() != 0 ? .doubtful : .good
    let more = geteuid() == 0 ? "" : "; run as root, each drill gets a user of its own as well"
    return Finding(state: state, subject: "isolation", text: isolation.description + more)
  }

  private var scratch: Finding {
    do {
      let space = try ScratchPlace.examine(settings)
      return Finding(state: .good, subject: "scratch", text: "\(settings.scratch): \(ByteCount.text(space)) free")
    } catch {
      return Finding(state: .bad, subject: "scratch", text: (error as? Fault)?.description ?? "\(settings.scratch) cannot be used")
    }
  }

  private var ledger: Finding {
    do {
      guard let ledger = try Ledger.openForReading(at: site.ledger, clocks: clocks) else {
        return Finding(state: .good, subject: "ledger", text: "\(site.ledger) does not exist yet; the first run makes it")
      }
      let folder = (site.ledger as NSString).deletingLastPathComponent
      guard access(site.ledger, W_OK) == 0, access(folder, W_OK) == 0 else {
        return Finding(state: .bad, subject: "ledger", text: "\(site.ledger) can be read and not written, so no run can be sealed")
      }
      let runs = try ledger.head()?.sequence ?? 0
      return Finding(state: .good, subject: "ledger", text: "\(site.ledger): \(runs) entries")
    } catch {
      return Finding(state: .bad, subject: "ledger", text: (error as? Fault)?.description ?? "\(site.ledger) cannot be read")
    }
  }

  /// Whether somebody looks after the schedules; nil when no drill has one.
  private var scheduler: Finding? {
    let scheduled = drills.count { $0.drill.schedule != nil }
    guard scheduled > 0, let ledger = try? Ledger.openForReading(at: site.ledger, clocks: clocks) else { return nil }
    let (seen, now) = (ledger.schedulers(), clocks.now())
    let lines = SchedulerReport.lines(seen, now: now).map { $0.replacing("scheduler: ", with: "") }
    if SchedulerReport.isServed(seen, now: now) {
      return Finding(
        state: seen.contains { $0.isAlive && !$0.notes.isEmpty } ? .doubtful : .good, subject: "scheduler",
        text: lines.joined(separator: "; "))
    }
    let why = lines.isEmpty ? "" : "; " + lines.joined(separator: "; ")
    return Finding(
      state: .doubtful, subject: "scheduler",
      text: "nobody starts the \(scheduled == 1 ? "drill" : "\(scheduled) drills") with a schedule: run `drillmark schedule` as a service, "
        + "or `drillmark run --due` from a timer\(why)")
  }

  /// Files that decide what is run must not be writable by others.
  private func openToOthers(_ path: String) -> Finding? {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & 0o022 != 0 else { return nil }
    return Finding(state: .doubtful, subject: "files", text: "\(path) can be changed by its group or by anybody; chmod go-w \(path)")
  }

  private func engine(_ subject: String, _ plan: DrillPlan) async -> Finding {
    do {
      let identity = try await EngineExamination.preflight(plan, settings: settings, clocks: clocks)
      return Finding(
        state: .good, subject: subject, text: [identity.version, identity.isolation].compactMap { $0 }.joined(separator: "; "))
    } catch {
      return Finding(state: .bad, subject: subject, text: (error as? Fault)?.description ?? "its tools cannot be used")
    }
  }

  private func source(_ plan: DrillPlan) async -> Finding {
    let name = "drill \(String(plan.drill.name.prefix(60)))"
    do {
      let preview = try await RunPreview.make(plan, settings: settings, clocks: clocks, verify: false)
      if let problem = preview.problem { return Finding(state: .bad, subject: name, text: problem.description) }
      return Finding(state: .good, subject: name, text: "\(preview.considered) recovery points in \(preview.source)")
    } catch {
      return Finding(state: .bad, subject: name, text: (error as? Fault)?.description ?? "its source cannot be listed")
    }
  }
}
