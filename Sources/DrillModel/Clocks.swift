/// The two clocks of a run, injected apart so that a test can step one and leave the other.
package protocol Clocks: Sendable {
  /// Wall time, for what people and other machines must agree on.
  func now() -> Timestamp
  /// Time since an arbitrary start that never steps and counts suspend, for every duration we report.
  func elapsed() -> Duration
}
