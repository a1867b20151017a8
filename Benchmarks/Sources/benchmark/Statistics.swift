/// The middle of some figures and how far they lie apart.
struct Spread: Equatable {
  let median: Double
  let least: Double
  let most: Double

  /// Nil of no figures.
  init?(_ values: [Double]) {
    let sorted = values.sorted()
    guard let first = sorted.first, let last = sorted.last else { return nil }
    let middle = sorted.count / 2
    median = sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    (least, most) = (first, last)
  }
}

/// What the pairs of one case came to.
struct Comparison {
  /// Seconds for each run.
  let ours: Spread
  let theirs: Spread
  /// Ours divided by theirs, pair by pair.
  let ratio: Spread
  /// Ours less theirs in seconds, pair by pair.
  let added: Spread
  /// Medians of the processor seconds.
  let cpu: (ours: Double, theirs: Double)

  /// Nil of no pairs.
  init?(ours: [Measurement], theirs: [Measurement]) {
    let pairs = zip(ours, theirs)
    guard let mine = Spread(ours.map(\.wall)), let other = Spread(theirs.map(\.wall)),
      let ratio = Spread(pairs.map { $0.wall / $1.wall }), let added = Spread(pairs.map { $0.wall - $1.wall }),
      let cpuOurs = Spread(ours.map(\.cpu)), let cpuTheirs = Spread(theirs.map(\.cpu))
    else { return nil }
    (self.ours, self.theirs, self.ratio, self.added) = (mine, other, ratio, added)
    cpu = (cpuOurs.median, cpuTheirs.median)
  }
}
