/// A policy as the operator's guide prints it, so that tests run with exactly what people copy.
package enum DocumentedPolicy {
  /// The JSON block of `docs/aws.md` that holds a statement of this Sid, word for word; nil when there is none.
  package static func text(_ sid: String) -> String? {
    let blocks = TextFile.read(packageRoot + "/docs/aws.md").split(separator: "```json\n").dropFirst()
    return blocks.compactMap { $0.split(separator: "```").first.map(String.init) }.first { $0.contains("\"\(sid)\"") }
  }
}
