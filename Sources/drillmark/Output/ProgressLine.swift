import DrillModel
import Drilling
import Glibc
import Synchronization

/// Shows runs as they happen: one line that is drawn over on a terminal, plain lines in a log.
final class ProgressLine: Sendable {
  private let terminal: Terminal
  private let clocks: any Clocks
  private let state = Mutex(State())

  private struct State {
    var phases: [String: PhaseName] = [:]
    var details: [String: String] = [:]
    var lastDrawn: Duration = .zero
    var isDrawn = false
  }

  init(terminal: Terminal, clocks: any Clocks) {
    self.terminal = terminal
    self.clocks = clocks
  }

  /// Takes what one drill's run tells; may be called from any thread.
  func observe(_ drill: String, _ event: RunEvent) {
    let name = Terminal.inert(String(drill.prefix(60)))
    state.withLock { state in
      switch event {
      case .claimed(let run): line("\(name): run \(run)", &state)
      case .selected(let text): line("\(name): \(Terminal.inert(text))", &state)
      case .note(let text): line("\(name): note: \(Terminal.inert(text))", &state)
      case .checked(let check): line("\(name): check \"\(Terminal.inert(check.name))\" \(ProgressLine.word(check.verdict))", &state)
      case .began(let phase):
        state.phases[name] = phase
        state.details[name] = nil
        if !terminal.drawsProgress { tell("\(name): \(phase.rawValue)") }
        draw(&state, force: true)
      case .ended: break
      case .progressed(_, let done, let total):
        state.details[name] = ProgressLine.amount(done, total)
        draw(&state, force: false)
      }
    }
  }

  /// A line of its own among the progress; the drawn line moves below it.
  func print(_ text: String) { state.withLock { line(text, &$0) } }

  /// Forgets a drill that ended.
  func finished(_ drill: String) {
    state.withLock { state in
      state.phases[Terminal.inert(String(drill.prefix(60)))] = nil
      erase(&state)
      draw(&state, force: true)
    }
  }

  private func line(_ text: String, _ state: inout State) {
    erase(&state)
    tell(text)
    draw(&state, force: true)
  }

  private func draw(_ state: inout State, force: Bool) {
    guard terminal.drawsProgress, !state.phases.isEmpty else { return }
    let now = clocks.elapsed()
    guard force || now - state.lastDrawn > .milliseconds(100) else { return }
    state.lastDrawn = now
    let parts = state.phases.sorted { $0.key < $1.key }.map { name, phase in
      state.details[name].map { "\(name): \(phase.rawValue) \($0)" } ?? "\(name): \(phase.rawValue)"
    }
    write("\r\u{1B}[2K" + String(parts.joined(separator: "  ").prefix(terminal.width - 1)), to: STDERR_FILENO)
    state.isDrawn = true
  }

  private func erase(_ state: inout State) {
    if state.isDrawn { write("\r\u{1B}[2K", to: STDERR_FILENO) }
    state.isDrawn = false
  }

  private static func word(_ verdict: CheckVerdict) -> String { verdict.rawValue.replacing("_", with: " ") }

  private static func amount(_ done: Int64, _ total: Int64?) -> String {
    guard let total, total > 0 else { return ByteCount.text(done) }
    let share = min(1, Double(done) / Double(total))
    let filled = Int(share * 20)
    let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: 20 - filled)
    return "[\(bar)] \(Int(share * 100)) % of \(ByteCount.text(total))"
  }
}
