import DrillModel
import Drilling

/// Keeps a restored target up while somebody looks at it.
enum KeptTarget {
  /// Says how to reach it and waits until its time, or until the run is stopped.
  static func hold(_ access: [String], until: Timestamp, _ progress: ProgressLine) async {
    progress.print("kept until \(until.readable); stop this command (Ctrl-C) to remove it now. Reach it with:")
    for command in access { progress.print("  \(command)") }
    let clocks = SystemClocks()
    // Short sleeps: a timer armed for hours is wrong after a suspend.
    while clocks.now() < until, !Task.isCancelled {
      do { try await Task.sleep(for: .seconds(min(30, max(1, (until - clocks.now()).inSeconds)))) } catch { return }
    }
  }
}
