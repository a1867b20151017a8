/// The rows of a file of open vectors.
package enum VectorFile {
  /// Whether the vectors are there, for `.enabled(if:)`.
  package static let isThere = ConformanceData.folder("vectors") != nil

  /// The rows of `vectors/NAME.json` in some categories; none when the folder is not there.
  package static func rows(_ name: String, _ categories: Set<String>) -> [JSONValue] {
    guard let folder = ConformanceData.folder("vectors") else { return [] }
    let all = JSONValue(TextFile.read("\(folder)/\(name).json"))?["vectors"].items ?? []
    return all.filter { categories.contains($0["category"].text ?? "") }
  }
}

extension JSONValue {
  /// The members of an object whose values are texts.
  package var texts: [String: String] {
    guard case .object(let members) = self else { return [:] }
    return members.compactMapValues(\.text)
  }

  /// Whether it is `true`.
  package var isTrue: Bool { self == .boolean(true) }
}
