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
    /// Of each phase, since streamed ones overlap.
    var rates: [String: [PhaseName: TransferRate]] = [:]
    /// When a log was last told how far a drill is.
    var lastTold: [String: Duration] = [:]
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
        (state.details[name], state.lastTold[name]) = (nil, clocks.elapsed())
        if !terminal.drawsProgress { tell("\(name): \(phase.rawValue)") }
        draw(&state, force: true)
      case .ended: break
      case .progressed(let phase, let done, let total):
        let now = clocks.elapsed()
        state.rates[name, default: [:]][phase, default: TransferRate()].note(done, at: now)
        let rate = state.rates[name]?[phase]?.text(of: total) ?? ""
        let amount = terminal.drawsProgress ? ProgressLine.bar(done, total) : ProgressLine.share(done, total)
        state.details[name] = rate.isEmpty ? amount : "\(amount), \(rate)"
        draw(&state, force: false)
        guard !terminal.drawsProgress, now - (state.lastTold[name] ?? .zero) >= ProgressLine.logInterval else { return }
        state.lastTold[name] = now
        tell("\(name): \(phase.rawValue) \(state.details[name] ?? "")")
      }
    }
  }

  /// A log need not grow by the second.
  private static let logInterval = Duration.seconds(60)

  /// A line of its own among the progress; the drawn line moves below it.
  func print(_ text: String) { state.withLock { line(text, &$0) } }

  /// Forgets a drill that ended.
  func finished(_ drill: String) {
    state.withLock { state in
      let name = Terminal.inert(String(drill.prefix(60)))
      (state.phases[name], state.details[name], state.rates[name], state.lastTold[name]) = (nil, nil, nil, nil)
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

  private static func bar(_ done: Int64, _ total: Int64?) -> String {
    guard let total, total > 0 else { return ByteCount.text(done) }
    let filled = Int(min(1, Double(done) / Double(total)) * 20)
    return "[\(String(repeating: "#", count: filled))\(String(repeating: ".", count: 20 - filled))] \(share(done, total))"
  }

  private static func share(_ done: Int64, _ total: Int64?) -> String {
    guard let total, total > 0 else { return ByteCount.text(done) }
    return "\(Int(min(1, Double(done) / Double(total)) * 100)) % of \(ByteCount.text(total))"
  }
}
