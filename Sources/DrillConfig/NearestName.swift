/// The one of `names` that `text` was most likely meant to be, or nil when none is close.
///
/// The distance is Damerau-Levenshtein with adjacent transpositions (optimal string alignment); at most a third of the longer
/// name may differ, and at least one letter may.
package func nearestName(to text: String, among names: [String]) -> String? {
  let wanted = Array(text.lowercased().prefix(64))
  var best: (name: String, distance: Int)?
  for name in names {
    let candidate = Array(name.lowercased())
    let bound = max(1, max(wanted.count, candidate.count) / 3)
    guard abs(wanted.count - candidate.count) <= bound else { continue }
    let distance = alignmentDistance(wanted, candidate)
    if distance <= bound, distance < best?.distance ?? .max { best = (name, distance) }
  }
  return best?.name
}

private func alignmentDistance(_ left: [Character], _ right: [Character]) -> Int {
  var before: [Int] = []
  var previous = Array(0...right.count)
  for row in 0..<left.count {
    var current = [row + 1]
    for column in 0..<right.count {
      let same = left[row] == right[column]
      var cost = min(previous[column + 1] + 1, current[column] + 1, previous[column] + (same ? 0 : 1))
      if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
        cost = min(cost, before[column - 1] + 1)
      }
      current.append(cost)
    }
    before = previous
    previous = current
  }
  return previous[right.count]
}

/// A list of names for a message: `a, b or c`.
package func alternatives(_ names: [String], _ conjunction: String = "or") -> String {
  guard let last = names.last else { return "" }
  let rest = names.dropLast()
  return rest.isEmpty ? last : "\(rest.joined(separator: ", ")) \(conjunction) \(last)"
}
