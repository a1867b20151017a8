import DrillModel
import Synchronization

/// Gathers a tool's errors while it runs and stops it at the first that is not harmless.
final class LoadReport: Sendable {
  private struct State {
    var reader = LoadErrorReader()
    var notes: [String] = []
    var noted = 0
    var fault: Fault?
    var needsSuperuser: String?
    var stop: (@Sendable () -> Void)?
  }

  private let judge: LoadJudge
  /// Whether the first real error ends the tool: behind a failed COPY psql would read rows as SQL.
  private let stopsEarly: Bool
  private let state = Mutex(State())

  init(_ judge: LoadJudge, stopsEarly: Bool) {
    self.judge = judge
    self.stopsEarly = stopsEarly
  }

  /// What ends the tool; told at once when an error was there before.
  func onError(_ stop: @escaping @Sendable () -> Void) {
    let isLate = state.withLock { state in
      state.stop = stop
      return state.fault != nil || state.needsSuperuser != nil
    }
    if isLate, stopsEarly { stop() }
  }

  /// Takes one line of standard error, from any thread.
  func take(_ line: String) {
    let stop = state.withLock { state in
      guard let error = state.reader.take(line) else { return nil as (@Sendable () -> Void)? }
      return note(error, &state)
    }
    stop?()
  }

  /// To be called once the tool has ended.
  func finish() {
    state.withLock { state in
      if let error = state.reader.finish() { _ = note(error, &state) }
    }
  }

  /// Adds a note of our own.
  func add(_ note: String) {
    state.withLock { state in
      state.noted += 1
      if state.notes.count < 5 { state.notes.append(note) }
    }
  }

  var fault: Fault? { state.withLock { $0.fault } }
  var needsSuperuser: String? { state.withLock { $0.needsSuperuser } }
  var isBroken: Bool { state.withLock { $0.fault != nil || $0.needsSuperuser != nil } }

  /// Harmless errors: a few in words, the rest as a number.
  var notes: [String] {
    state.withLock { state in
      state.noted > state.notes.count
        ? state.notes + ["\(state.noted - state.notes.count) more statements of the dump were left out"] : state.notes
    }
  }

  private func note(_ error: LoadError, _ state: inout State) -> (@Sendable () -> Void)? {
    switch judge.judge(error) {
    case .harmless(let text):
      state.noted += 1
      if state.notes.count < 5 { state.notes.append(text) }
      return nil
    case .needsSuperuser(let text):
      if state.needsSuperuser == nil, state.fault == nil { state.needsSuperuser = text }
    case .fault(let fault):
      // What fails behind a missing right may only follow from it; the load with that right will tell.
      if state.fault == nil, state.needsSuperuser == nil { state.fault = fault }
    }
    return stopsEarly ? state.stop : nil
  }
}
