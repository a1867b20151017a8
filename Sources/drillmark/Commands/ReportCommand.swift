import ArgumentParser
import DrillConfig
import DrillModel
import Drilling
import Foundation
import Glibc
import Ledger
import Reporting
import ToolRunner

struct ReportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "What a period's runs say about every drill, for people, auditors and machines.",
    discussion: """
      Times without an offset, and dates, which are midnights, are in --timezone. A run belongs to the period in which it ended; the
      period's end itself is outside. The same period gives the same bytes again.

      Example:
        drillmark report
        drillmark report --from 2026-11-01 --to 2026-12-01 --format markdown > november.md
        drillmark report orders --format csv --output orders.csv

      Exit status: 0 it was written, whatever it says; 2 the ledger cannot be read, or holds an entry that is not as it was sealed (no
      report is written then); 64 wrong usage, no such drill or run, an invalid file (the report is written all the same).
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case html, markdown, csv, json, junit }

  @Argument(help: ArgumentHelp("Drills, or ids of runs or their beginnings; without any, everything.", valueName: "drill-or-run"))
  var subjects: [String] = []
  @Option(help: ArgumentHelp("The period's beginning. (default: a week before its end)", valueName: "time")) var from: String?
  @Option(help: ArgumentHelp("The period's end, itself outside. (default: now)", valueName: "time")) var to: String?
  @Option(help: ArgumentHelp("IANA zone of times without an offset.", valueName: "zone")) var timezone = "UTC"
  @Option(help: "html, markdown, csv, json or junit.") var format = Format.html
  @Option(
    help: ArgumentHelp(
      "A file, or a directory for one named after the period; replaced only when complete. (default: standard output; for HTML on a terminal, the site's reports directory)",
      valueName: "path"))
  var output: String?
  @Flag(help: "Into a file named after the period in the site's reports directory.") var save = false
  @Option(help: ArgumentHelp("The share of recoveries, in per cent, for which objectives are to be confirmed.", valueName: "percent"))
  var share = 95.0
  @Flag(help: "Leave out drills of today's drill files that no sealed entry names, so that the files do not matter.") var sealedOnly = false
  @OptionGroup var options: SiteOptions

  func validate() throws {
    try ReportCommand.check(share)
    if save, output != nil { throw ValidationError("--save and --output say two different places.") }
  }

  static func check(_ share: Double) throws {
    if !(share >= 50 && share <= 99.99) { throw ValidationError("--share takes per cent from 50 to 99.99.") }
  }

  func run() async throws {
    try await withFaults {
      let loaded = try options.loadTelling()
      let (site, declared) = (loaded.site, loaded.drills.map(\.drill.name))
      try await onThread("report") { [self] in try write(site, declared: declared) }
      if loaded.diagnostics.hasErrors { throw ExitStatus.usage }
    }
  }

  private func write(_ site: Site, declared: [String]) throws {
    let clocks = SystemClocks()
    let ledger = try Ledger.openForReading(at: site.ledger, clocks: clocks)
    let subject = try subject(ledger, declared: declared)
    let period = try period(subject, ledger, now: clocks.now())
    try tellOfTheFuture(ledger, now: clocks.now())
    let gathering = ReportGathering(ledger: ledger, declared: sealedOnly ? [] : declared, share: share / 100)
    let (report, scope) = try gathering.report(subject, period)
    let path = try path(for: period, site)
    let target = try ReportTarget(path)
    var sink = TextSink { try target.add($0) }
    let lines = LineSource { drill, take in try ledger?.eachRun(of: drill, in: scope, take) }
    switch format {
    case .html: try HTMLReport(report).write(to: &sink)
    case .markdown: try MarkdownReport(report).write(to: &sink)
    case .csv: try CSVReport(report).write(to: &sink, lines: lines)
    case .json: try JSONReport(report).write(to: &sink, lines: lines)
    case .junit: try JUnitReport(report).write(to: &sink, lines: lines)
    }
    try sink.finish()
    try target.complete()
    if let path { say(Terminal.inert(path)) }
  }

  /// A run that was sealed by a clock ahead of ours is in no report before its time comes; that must not pass unseen.
  private func tellOfTheFuture(_ ledger: Ledger?, now: Timestamp) throws {
    guard let newest = try ledger?.history(limit: 1).first?.record, newest.finishedAt > now + .seconds(300) else { return }
    let name = Terminal.inert(String(newest.drill.prefix(60)))
    tell(
      "drillmark: run \(newest.run) of \(name) is dated \(newest.finishedAt.readable), in the future; it counts from then on. Check the clocks"
    )
  }

  /// Names of drills come first, so that no drill can be hidden behind the beginning of an id.
  private func subject(_ ledger: Ledger?, declared: [String]) throws -> Report.Subject {
    guard !subjects.isEmpty else { return .everything }
    let known = Set(declared).union(try ledger?.drills() ?? [])
    let others = subjects.filter { !known.contains($0) }
    if others.isEmpty { return .drills(subjects) }
    guard let ledger else {
      throw Fault(.configuration, "there is no drill \"\(shown(others[0]))\"", advice: "`drillmark status` lists the drills")
    }
    guard others.count == subjects.count else {
      throw Fault(.configuration, "\"\(shown(others[0]))\" is no drill", advice: "Name drills or runs, not both in one report")
    }
    return .runs(try others.map { try ledger.find($0).record.run })
  }

  private func shown(_ text: String) -> String { Terminal.inert(String(text.prefix(60))) }

  private func period(_ subject: Report.Subject, _ ledger: Ledger?, now: Timestamp) throws -> Report.Period {
    guard case .runs(let runs) = subject else {
      let reader = try ReportPeriod(zone: timezone, now: now)
      return try reader.read(from: from, to: to)
    }
    if from != nil || to != nil {
      throw Fault(.configuration, "runs that are named have their own time", advice: "Leave out --from and --to")
    }
    let records = try runs.compactMap { try ledger?.find($0.text).record }
    let begin = records.map { min($0.startedAt, $0.finishedAt) }.min() ?? now
    let end = records.map(\.finishedAt).max() ?? now
    return Report.Period(from: begin, to: end + .milliseconds(1))
  }

  /// Where it goes; nil is standard output.
  private func path(for period: Report.Period, _ site: Site) throws -> String? {
    let endings: [Format: String] = [.html: "html", .markdown: "md", .csv: "csv", .json: "json", .junit: "xml"]
    let name = ReportPeriod.fileName(period, ending: endings[format] ?? "txt")
    if let output {
      if output == "-" { return nil }
      var isDirectory = ObjCBool(false)
      let exists = FileManager.default.fileExists(atPath: output, isDirectory: &isDirectory)
      return exists && isDirectory.boolValue ? absolute("\(output)/\(name)") : absolute(output)
    }
    guard save || (format == .html && isatty(STDOUT_FILENO) == 1) else { return nil }
    do {
      try FileManager.default.createDirectory(atPath: site.reports, withIntermediateDirectories: true)
    } catch {
      throw Fault(.permissionDenied, "the reports directory \(site.reports) cannot be made", advice: "Make it, or give an --output")
    }
    return "\(site.reports)/\(name)"
  }
}
