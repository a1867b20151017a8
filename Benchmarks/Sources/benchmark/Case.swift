import Foundation
import Glibc

/// Two ways to do the same work, ours first.
struct Case {
  let name: String
  let ours: [String]
  let theirs: [String]
  /// What stands in the table for theirs.
  let against: String
  /// Runs of the program that count as one measurement, for work of a few milliseconds.
  var repeats = 1
  /// What the answer of ours must be for its time to mean anything.
  var proof = Proof.passedDrill

  enum Proof {
    /// The sealed record of a drill that passed.
    case passedDrill
    /// At least so many lines.
    case lines(Int)
  }
}

/// What came of a case.
struct CaseResult {
  let name: String
  let against: String
  var comparison: Comparison?
  /// Why there is no comparison.
  var reason: String?
  var isFailure = false
  var records: [DrillRecord] = []
  /// Seconds of wall time of the runs that the records belong to.
  var walls: [Double] = []
  /// Peak bytes of our own process during the warm-up.
  var memory: MemoryWatch?
}

/// Carries out cases.
struct CaseRunner {
  let workshop: Workshop
  let runs: Int

  /// Measures a case: a warm-up of both, then ours and theirs in turn. A failure becomes the result's reason.
  func measure(_ one: Case) -> CaseResult {
    var result = CaseResult(name: one.name, against: one.against)
    do {
      try carryOut(one, &result)
    } catch {
      result.comparison = nil
      result.reason = "\(error)"
      result.isFailure = true
    }
    return result
  }

  private func carryOut(_ one: Case, _ result: inout CaseResult) throws {
    let ours = ChildProcess(arguments: one.ours, output: "\(workshop.root)/ours.out")
    let theirs = ChildProcess(arguments: one.theirs, output: "\(workshop.root)/theirs.out")
    var watch = MemoryWatch(executable: workshop.program)
    _ = try ours.run { watch.look($0) }
    _ = try theirs.run()
    result.memory = watch
    var (mine, others): ([Measurement], [Measurement]) = ([], [])
    for _ in 0..<runs {
      mine.append(try repeated(ours, one.repeats))
      try prove(one, ours.answer(), &result)
      result.walls += mine.suffix(1).map(\.wall)
      others.append(try repeated(theirs, one.repeats))
    }
    result.comparison = Comparison(ours: mine, theirs: others)
  }

  private func prove(_ one: Case, _ answer: String, _ result: inout CaseResult) throws {
    switch one.proof {
    case .passedDrill: result.records.append(try DrillRecord.passed(answer))
    case .lines(let least):
      let lines = answer.utf8.count { $0 == 10 }
      guard lines >= least else { throw Failure("expected \(least) lines, found \(lines)") }
    }
  }

  private func repeated(_ process: ChildProcess, _ times: Int) throws -> Measurement {
    // What earlier runs left to be written must not be charged to this one.
    sync()
    var total = Measurement(wall: 0, cpu: 0)
    for _ in 0..<times {
      let one = try process.run()
      total.wall += one.wall / Double(times)
      total.cpu += one.cpu / Double(times)
    }
    return total
  }
}
