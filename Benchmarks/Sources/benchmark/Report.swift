import Foundation

/// The figures as Markdown tables.
struct Report {
  let machine: [String]
  /// What whoever measures knows of the machine's other work; nil says nothing.
  let conditions: String?
  let runs: Int
  let scale: Double
  let results: [CaseResult]
  let memory: [MemoryResult]

  var text: String {
    let told = conditions.map { " While measuring: \(Self.cell($0))." } ?? " What else the machine did was not said."
    var lines = [
      "Measured: " + machine.joined(separator: "; ") + "; \(runs) pairs after a warm-up, scale \(scale.formatted())." + told, "",
    ]
    lines += comparisons + [""] + phases
    if !memory.isEmpty { lines += [""] + peaks }
    return lines.joined(separator: "\n") + "\n"
  }

  private var comparisons: [String] {
    [
      "| case | against | ours | theirs | ratio (min–max) | added (min–max) | CPU ours / theirs | aim |",
      "|---|---|---:|---:|---:|---:|---:|---|",
    ]
      + results.map { result in
        guard let found = result.comparison else {
          return "| \(result.name) | \(result.against) | not measured: \(Self.cell(result.reason ?? "no reason")) | | | | | |"
        }
        let ratio = "\(Self.ratio(found.ratio.median)) (\(Self.ratio(found.ratio.least))–\(Self.ratio(found.ratio.most)))"
        let cpu = "\(Self.time(found.cpu.ours)) / \(Self.time(found.cpu.theirs))"
        let times = "\(Self.time(found.ours.median)) | \(Self.time(found.theirs.median))"
        let added = "\(Self.time(found.added.median)) (\(Self.time(found.added.least))–\(Self.time(found.added.most)))"
        return "| \(result.name) | \(result.against) | \(times) | \(ratio) | \(added) | \(cpu) | \(Self.aim(of: result, found)) |"
      }
  }

  /// Whether a drill's median keeps within 2 % and 200 ms of the bare tools; what is no drill has no aim of its own.
  static func aim(of result: CaseResult, _ found: Comparison) -> String {
    guard !result.records.isEmpty else { return "–" }
    let (ratio, time) = (found.ratio.median < 1.02, found.added.median < 0.2)
    return ratio && time ? "met" : "2 % \(ratio ? "met" : "missed"), 200 ms \(time ? "met" : "missed")"
  }

  private static let names = ["select", "provision", "fetch", "restore", "recover", "ready", "verify", "cleanup"]

  /// Where the time of a drill goes; phases overlap, so a row does not add up.
  private var phases: [String] {
    let drills = results.filter { !$0.records.isEmpty }
    let head =
      "| drill | \(Report.names.joined(separator: " | ")) | restore after the fetch's end | outside the phases | peak memory, its supervisor's |"
    return [head, "|---" + String(repeating: "|---:", count: Report.names.count + 3) + "|"]
      + drills.map { result in
        let spans = Report.names.map { name in
          Spread(result.records.compactMap { $0.seconds(of: name) }).map { Self.time($0.median) } ?? "–"
        }
        let rest = Spread(zip(result.walls, result.records).map { $0 - $1.span }).map { Self.time($0.median) } ?? "–"
        let after = Spread(result.records.compactMap(\.restoreAfterFetch)).map { Self.time($0.median) } ?? "–"
        return "| \(result.name) | \(spans.joined(separator: " | ")) | \(after) | \(rest) | \(result.memory.map(Self.peak) ?? "–") |"
      }
  }

  private var peaks: [String] {
    ["| restore | unpacked | time | peak memory, its supervisor's |", "|---|---:|---:|---:|"]
      + memory.map { result in
        let size = "\(result.bytes >> 30) GiB"
        guard let watch = result.watch else {
          return "| \(result.name) | \(size) | not measured: \(Self.cell(result.reason ?? "no reason")) | |"
        }
        return "| \(result.name) | \(size) | \(Self.time(result.seconds)) | \(Self.peak(watch)) |"
      }
  }

  private static func peak(_ watch: MemoryWatch) -> String { "\(megabytes(watch.leader)), \(megabytes(watch.helper)) MB" }
  private static func megabytes(_ bytes: Int) -> String { String(format: "%.1f", Double(bytes) / 1e6) }
  private static func ratio(_ value: Double) -> String { String(format: "%.3f", value) }
  private static func cell(_ text: String) -> String {
    text.replacing("|", with: "\\|").replacing("\n", with: " ")
  }

  static func time(_ seconds: Double) -> String {
    abs(seconds) < 1 ? String(format: "%.1f ms", seconds * 1000) : String(format: "%.2f s", seconds)
  }
}

/// A document with a place for the figures.
enum Document {
  static let begin = "<!-- figures -->"
  static let end = "<!-- end of figures -->"

  /// Replaces what stands between the marks.
  ///
  /// - Throws: `Failure` when the marks are not there.
  static func put(_ figures: String, into text: String) throws -> String {
    guard let start = text.range(of: begin), let stop = text.range(of: end), start.upperBound <= stop.lowerBound else {
      throw Failure("the document has no place for figures: \(begin) … \(end)")
    }
    return text[..<start.upperBound] + "\n" + figures + text[stop.lowerBound...]
  }
}
