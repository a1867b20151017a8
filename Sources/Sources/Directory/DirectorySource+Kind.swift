package import DrillConfig
import DrillModel
package import EngineKit
import Selecting

extension DirectorySource {
  /// How drill files name this source.
  package static let kind = SourceKind<any BackupSource>(
    name: "directory", schemes: ["file"], summary: "A directory on this machine, or one file in it.", section: Section([]),
    initial: NoKeys()
  ) { _, location, context in
    // The common keys are read and judged elsewhere; here they only say how deep to look and what is young.
    let match = context.node.entry("match")?.value.scalar.flatMap { try? NamePattern($0.text) }
    let settle = context.node.entry("settle")?.value.scalar.flatMap { Duration(text: $0.text) }
    return DirectorySource(path: withoutDetours(location.rest), match: match, settle: settle ?? SelectionRules().settle)
  }

  /// The path without `name/..`, for people to read; where `name` is a link, `..` leads elsewhere and stays.
  package static func withoutDetours(_ path: String) -> String {
    var parts: [Substring] = []
    for part in path.split(separator: "/") where part != "." {
      let here = "/" + parts.joined(separator: "/")
      let above = "/" + parts.dropLast().joined(separator: "/")
      if part == "..", !parts.isEmpty, let target = Entry.resolve(here + "/.."), target == Entry.resolve(above) {
        parts.removeLast()
      } else {
        parts.append(part)
      }
    }
    return "/" + parts.joined(separator: "/")
  }

  private struct NoKeys: Sendable {}
}
