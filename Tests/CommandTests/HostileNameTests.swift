import DrillTestSupport
import Testing

@Suite("Hostile drill names", .enabled(if: SampleBackups.hasSQLite, "\(SampleBackups.sqliteAbsence)"))
struct HostileNameTests {
  /// A name, and the same as a double-quoted YAML scalar.
  static let names: [(String, String)] = [
    ("'; DROP TABLE run; --", "'; DROP TABLE run; --"), ("../../etc/x", "../../etc/x"),
    ("<script>alert(1)</script>", "<script>alert(1)</script>"),
    ("two\nlines", "two\\nlines"), ("a\u{202E}gpj.exe", "a\\u202Egpj.exe"),
    (String(repeating: "n", count: 10_240), String(repeating: "n", count: 10_240)),
    ("-rf", "-rf"), ("$(id)", "$(id)"), ("`id`", "`id`"), ("%s%n", "%s%n"), ("\u{1B}[2J\u{1B}[31m", "\\e[2J\\e[31m"), ("a b", "a b"),
    ("naïve 訓練 🔥", "naïve 訓練 🔥"), ("01", "01"), (".", "."), ("\"", "\\\""), ("null", "null"),
  ]

  private func siteWith(_ written: String) async -> ScratchSite {
    let site = ScratchSite()
    site.backup(SampleDrill.name(), await SampleBackups.database())
    site.drillFile("hostile.yaml", "drill: \"\(written)\"\n" + SampleDrill.sqlite())
    return site
  }

  /// No control character but line ends, and nothing that reorders text.
  private func isInert(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { scalar in
      scalar == "\n" || !(scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value) || (0x202A...0x202E).contains(scalar.value))
    }
  }

  @Test("each is refused by its line, or runs and is shown inert everywhere", arguments: 0..<names.count)
  func hostile(_ index: Int) async {
    let (name, written) = Self.names[index]
    let site = await siteWith(written)
    let valid = await site.run("validate")
    #expect(isInert(valid.said))
    guard valid.status == 0 else {
      #expect(valid.said.contains("hostile.yaml:1:"), "\(valid.said.prefix(300))")
      #expect(await site.run("run", "--all").status == 64)
      return
    }
    let run = await site.run("run", "--all", "--json")
    #expect(run.status == 0, "\(run.said.prefix(300))")
    #expect(run.record["drill"].text == name)
    for words in [["show", "--", name], ["history", "--", name], ["plan", "--", name], ["status"], ["log", "--", name], ["doctor"]] {
      // What comes after `--` are names, so the site is chosen before it.
      let arguments = [ProgramUnderTest.path, words[0], "--config", site.siteFile] + words.dropFirst()
      let result = await HostCommand.run(arguments)
      #expect(result.status == 0 || (words == ["doctor"] && result.status < 64), "\(words[0]): \(result.said.prefix(300))")
      #expect(isInert(result.said), "\(words[0])")
    }
    await site.expectClean()
  }

  @Test("a name is never made into a path: nothing appears beside the site's own folders")
  func noStrayFiles() async {
    let site = await siteWith("../../../../../../tmp/dm-stray-\\u002e\\u002e/x")
    _ = await site.run("run", "--all")
    let found = await HostCommand.run(["/usr/bin/find", "/tmp", "-maxdepth", "1", "-name", "dm-stray*"])
    #expect(found.stdout.isEmpty)
    #expect(site.scratchEntries.isEmpty)
  }
}
