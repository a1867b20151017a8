import Testing

@testable import DrillConfig

@Suite("Everything wrong in a file is said with its line and column") struct FaultTests {
  @Test("at the top of a drill", arguments: topFaults) func top(_ fault: FaultCase) { expectDrill(fault) }
  @Test("in backup", arguments: backupFaults) func backup(_ fault: FaultCase) { expectDrill(fault) }
  @Test("in restore", arguments: restoreFaults) func restore(_ fault: FaultCase) { expectDrill(fault) }
  @Test("in checks", arguments: checkFaults) func checks(_ fault: FaultCase) { expectDrill(fault) }

  @Test("in the site file", arguments: siteFaults + channelFaults) func site(_ fault: FaultCase) {
    let (site, messages) = readSite(fault.yaml)
    #expect(site == nil)
    #expect(messages.first == "drillmark.yaml:\(fault.message)")
  }

  @Test("in YAML itself", arguments: syntaxFaults) func syntax(_ fault: FaultCase) {
    var diagnostics = Diagnostics()
    _ = YAMLDocument.read(Array(fault.yaml.utf8), file: ConfigFile(shown: "f", directory: "/"), &diagnostics)
    #expect(diagnostics.sorted.map(\.description) == ["f:\(fault.message)"])
  }

  @Test("all at once, in the order of the lines") func allAtOnce() {
    let messages = readDrill("tier: gold\nbackup: {from: b, mach: x}\nrestore: {engine: pg}\nchecks: [rowz: {}]\n").messages
    #expect(
      messages.map { $0.prefix { $0 != " " } } == [
        "orders.yaml:1:1:", "orders.yaml:1:7:", "orders.yaml:2:19:", "orders.yaml:3:19:", "orders.yaml:4:10:",
      ])
  }

  @Test("and no secret is shown") func noSecret() {
    let (_, messages) = readDrill(
      "drill: d\nchecks: []\nbackup: {from: 's4://user:hunter2@h/b'}\nrestore: {engine: postgresql, password: hunter2, jobs: hunter}\n")
    #expect(messages.count == 4)
    #expect(!messages.joined().contains("hunter2"))
  }

  @Test("and a flood of faults is cut with a line that says so") func flood() {
    let messages = readDrill(smallDrill + (0..<2000).map { "k\($0): 1\n" }.joined()).messages
    #expect(messages.count == Diagnostics.limit + 1)
    #expect(messages.last == "orders.yaml: further faults are not listed")
  }

  @Test("and control characters in a message are escaped") func oneLine() {
    let messages = readDrill(smallDrill + "\"a\\nb\\e[31m\": 1\n").messages
    #expect(messages.first?.hasPrefix("orders.yaml:6:1: unknown key \"a\\u{a}b\\u{1b}[31m\"; known keys: ") ?? false)
  }

  private func expectDrill(_ fault: FaultCase) {
    let (drill, messages) = readDrill(fault.yaml)
    #expect(drill == nil)
    #expect(messages.first == "orders.yaml:\(fault.message)")
  }
}
