package import EngineKit
package import ToolRunner

extension Confinement {
  /// A box for one program of an installation.
  package func box(
    for program: String, of installation: Installation, reading: [String] = [], writing: [String] = [], alone: Bool = false,
    network: Bool = false
  ) -> Box? {
    box(for: program, reading: installation.readable + reading, writing: writing, alone: alone, network: network)
  }
}
