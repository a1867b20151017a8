import AWSClient
import ArgumentParser
import DrillConfig
import DrillModel
import Drilling
import ToolRunner

struct AWSCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "aws", abstract: "See AWS as drills will see it.", subcommands: [Whoami.self])

  struct Whoami: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "whoami", abstract: "As whom and where AWS is asked, and what this site must be allowed there.",
      discussion: """
        Asks STS who the caller is, which needs no permission. Channels with a profile of their own are tried by `drillmark doctor`.

        Example:
          drillmark aws whoami
          drillmark aws whoami --json

        Exit status: 0 AWS knows the caller; 2 it does not, and the last line says why; 64 an invalid file.
        """)

    @Flag(help: "As one JSON document.") var json = false
    @OptionGroup var options: SiteOptions

    func run() async throws {
      try await withFaults {
        let loaded = try options.loadTelling()
        let tools = SiteTools(loaded)
        let connection = Program.aws.connection(loaded.site.aws)
        let needs = AWSReport.declared(by: loaded, alerts: tools.alerts)
        let report = try await onThread("whoami") { AWSReport(connection, needs: needs) }
        if json { say(JSONText.of(report)) } else { for line in Whoami.lines(report, now: tools.clocks.now()) { say(line) } }
        if let problem = report.problem {
          tell("drillmark: \(Terminal.inert(problem))")
          throw ExitStatus.unproven
        }
        if loaded.diagnostics.hasErrors { throw ExitStatus.usage }
      }
    }

    private static func lines(_ report: AWSReport, now: Timestamp) -> [String] {
      let region = report.region.map { "\($0), by \(report.regionOrigin ?? "itself")" } ?? "none is set; each call must name its own"
      let expires = report.expires.map { $0 > now ? "\($0.readable), in \(($0 - now).readable)" : "\($0.readable), which is past" }
      var rows: [(String, String?)] = [
        ("source", report.source), ("key", report.key), ("account", report.account), ("arn", report.arn), ("role", report.role),
        ("expires", expires), ("region", region),
      ]
      if let behind = report.clockBehind {
        let span = Duration.milliseconds(Int64((behind.magnitude * 1000).rounded())).readable
        rows.append(("clock", "\(span) \(behind > 0 ? "behind" : "ahead of") AWS's; requests are signed by AWS's, set this machine's"))
      }
      rows += report.endpoints.map { ("endpoint", "\($0.service) at \($0.url)\($0.origin.map { ", by \($0)" } ?? "")") }
      let found = rows.compactMap { name, text in
        text.map { name + String(repeating: " ", count: 10 - name.count) + Terminal.inert($0) }
      }
      return found + need(report)
    }

    private static func need(_ report: AWSReport) -> [String] {
      guard !report.needs.isEmpty else { return ["needs     nothing in AWS: no drill and no channel of this site asks it"] }
      var lines = ["needs     a policy that allows:"]
      for need in report.needs {
        let by = need.by.prefix(5).joined(separator: ", ") + (need.by.count > 5 ? ", …" : "")
        lines.append(
          "  \(Terminal.inert(need.action)) on \(Terminal.inert(need.resource)) \(Terminal.inert(need.purpose)) (\(Terminal.inert(by)))")
      }
      return lines
    }
  }
}
