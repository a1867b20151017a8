import Notifications

/// Delivers beside a command's own work: begun whenever something was sealed, and given a last, bounded pass at the end.
actor PromptDelivery {
  private let messenger: Messenger
  private var running: Task<Void, Never>?
  private var isAskedAgain = false

  init(_ messenger: Messenger) { self.messenger = messenger }

  /// Begins delivering unless that goes on already; then once more afterwards.
  func begin() {
    guard running == nil else {
      isAskedAgain = true
      return
    }
    running = Task { [messenger] in
      _ = await messenger.deliver()
      self.ended()
    }
  }

  private func ended() {
    running = nil
    guard isAskedAgain else { return }
    isAskedAgain = false
    begin()
  }

  /// Waits for what goes on, works out what else is owed now, makes a last pass, and says in one line what is left. A signal ends it
  /// early; what is left stays owed.
  func finish(_ progress: ProgressLine) async {
    isAskedAgain = false
    _ = await StoppableRuns().carryOut { [messenger, running] in
      await running?.value
      for line in await messenger.review() { progress.print(Terminal.inert(line)) }
      if let line = await messenger.deliver().line { progress.print(Terminal.inert(line)) }
      return ExitStatus.passed
    }
  }
}
