import DrillConfig
import DrillModel
import DrillTestSupport
import EngineKit
import Ledger
import Selecting

@testable import Drilling

/// A runner over a ledger and a scratch directory of its own, and drills made of scripted parts.
final class ScriptedRun: Sendable {
  let folder = TemporaryFolder("dmr")
  let clocks: SteppedClocks
  let ledger: Ledger
  let runner: DrillRunner

  static let start = Timestamp(seconds: 1_795_000_000)

  init(routes: [NotificationRoute] = [], reapers: [any ResourceReaper] = []) throws {
    clocks = SteppedClocks(Self.start)
    ledger = try Ledger.open(at: "\(folder.path)/state/ledger.sqlite", clocks: clocks)
    let settings = RunSettings(
      host: "h", version: "0", scratch: "\(folder.path)/scratch", keepFree: .bytes(1),
      cache: "\(folder.path)/cache", logs: "\(folder.path)/logs", alerts: AlertSettings(routes: routes))
    runner = DrillRunner(settings: settings, ledger: ledger, clocks: clocks, reapers: reapers)
  }

  /// An artefact taken this long before the start of the clocks.
  static func artefact(_ age: Duration = .seconds(7200), bytes: Int64 = 10) -> Artefact {
    let taken = start - age
    let digits = taken.description.filter(\.isNumber)
    let name = "b_\(digits.prefix(8))_\(digits.dropFirst(8).prefix(6)).bin"
    return Artefact(location: "store/\(name)", name: name, bytes: bytes, modified: taken)
  }

  /// A plan of scripted parts; `change` declares the rest.
  func plan(
    _ engine: ScriptedEngine = ScriptedEngine(), source: ScriptedSource = ScriptedSource([artefact()]),
    logs: ScriptedSource? = nil, checks: [ScriptedCheck] = [ScriptedCheck()], _ change: (inout Drill) -> Void = { _ in }
  ) -> DrillPlan {
    let file = ConfigFile(shown: "d.yaml", directory: folder.path)
    let place = Place(file: file, line: 1, column: 1)
    var drill = Drill(name: "d")
    drill.rules.match = "b_%Y%m%d_%H%M%S.bin"
    change(&drill)
    let declared = checks.map { check -> DeclaredCheck in
      LoadedCheck(rules: CheckRules(name: check.title, kind: check.kind), check: check as any IntegrityCheck, place: place)
    }
    return DrillPlan(
      file: file, place: place, drill: drill, location: BackupLocation(text: "x", scheme: "file", rest: "/x"), sourceName: "directory",
      source: source, logs: logs, engineName: engine.name, engine: engine, checks: declared)
  }

  /// Runs to the seal and gives the record.
  ///
  /// - Throws: `Fault` when it was not sealed.
  func record(_ plan: DrillPlan) async throws -> RunRecord {
    switch try await runner.run(plan, observe: { _ in }) {
    case .sealed(let sealed): return sealed.record
    case .unsealed(_, let fault): throw fault
    case .alreadyRunning: throw Fault(.internalError, "already running")
    case .alreadyDecided: throw Fault(.internalError, "already decided")
    }
  }
}

extension RunRecord {
  var codes: [String] { reasons.map(\.code) }
  var texts: String { reasons.map(\.text).joined(separator: "\n") }
}
