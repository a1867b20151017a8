import ArgumentParser
import DrillModel
import Drilling
import Foundation
import Glibc

struct InitCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Write a starter site, or propose a drill for a backup you have.",
    discussion: """
      Without --from: a commented site file, a first drill, and a small backup for it, all in the directory given.
      With --from: looks at a backup, restores it once, and proposes a drill with counts and freshness checks.
      Existing files are never changed.

      Example:
        drillmark init
        drillmark init --from /var/backups/orders_20261121_030000.dump
      """)

  @Argument(help: "The site's directory.") var directory = "."
  @Option(help: ArgumentHelp("A backup file or directory to look at.", valueName: "path")) var from: String?
  @Option(help: "The proposed drill's name; otherwise from the backup's name.") var name: String?

  func run() async throws {
    try await withFaults {
      let site = StarterSite(directory: absolute(directory))
      if let from {
        try await propose(for: absolute(from), in: site)
      } else {
        try site.write(now: SystemClocks().now())
        say("wrote \(site.siteFile), \(site.drillFile) and a sample backup")
        say("next: drillmark run example --config \(shown(site.siteFile))")
      }
    }
  }

  private func propose(for backup: String, in site: StarterSite) async throws {
    let proposal = try await DrillProposal.make(
      for: backup, name: name, site: site, progress: ProgressLine(terminal: .current(), clocks: SystemClocks()))
    try site.writeSiteFile(ifMissing: true)
    let path = "\(site.directory)/drills/\(proposal.fileName)"
    try site.create(path, proposal.text)
    say("wrote \(path): \(proposal.checks) checks proposed from what was restored")
    say("read it, set its objectives, then: drillmark run \(ShellText.quoted(proposal.drill)) --config \(shown(site.siteFile))")
  }

  private func shown(_ path: String) -> String { ShellText.quoted(path) }
}

/// Text as one word of a shell command that people copy.
enum ShellText {
  static func quoted(_ text: String) -> String {
    let plain = text.utf8.allSatisfy { byte in
      (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || "/._-=:@%+".utf8.contains(byte)
    }
    return plain && !text.isEmpty ? text : "'\(text.replacing("'", with: "'\\''"))'"
  }
}
