import DrillModel
import EngineKit

extension RunIsolation {
  /// What a drill is told that asks for a superuser where nothing would hold one.
  static let superuserRefused = Fault(
    .isolationMissing, "`superuser: true` needs root and a kernel with Landlock, which are not both here",
    advice: "Run as root on Linux 5.13 or newer, or leave the key out")
}
