import Foundation
import Testing

@testable import DrillConfig

/// Files made to exhaust memory, time or the stack. A debug build of the tests has the same second as the program.
@Suite("A hostile file is refused within a second and 100 MB", .serialized) struct HostileFileTests {
  static let bombs: [(name: String, yaml: String)] = [
    ("aliases of aliases", bomb),
    ("flow sequences 100,000 deep", String(repeating: "[", count: 100_000)),
    ("mappings 5,000 deep", (0..<1000).map { String(repeating: " ", count: $0) + "a:\n" }.joined()),
    ("block sequences in one line", String(repeating: "- ", count: 100_000)),
    ("half a million items", "a: [" + String(repeating: "1,", count: 500_000) + "]"),
    ("100,000 unknown keys", (0..<90_000).map { "k\($0): 1\n" }.joined()),
    ("one key 80,000 times", String(repeating: "drill: 1\n", count: 80_000)),
    ("45,000 bad checks", "checks:\n" + String(repeating: "  - rowz: {}\n", count: 45_000)),
    ("a scalar of 1 MB", "drill: " + String(repeating: "x", count: 1_000_000)),
    ("a key of 1 MB", String(repeating: "x", count: 1_000_000) + ": 1"),
    ("2 MB", String(repeating: "# comment\n", count: 200_000)),
    ("a quoted scalar that never ends", "drill: \"" + String(repeating: "\\x41", count: 200_000)),
    ("explicit keys that are lists", "? " + String(repeating: "[", count: 5000)),
    ("an anchor at every node", "a: [" + String(repeating: "&a 1,", count: 90_000) + "]"),
    ("90,000 tags", "a: [" + String(repeating: "!x 1,", count: 90_000) + "]"),
    ("open flow mappings", String(repeating: "{a: ", count: 200_000)),
  ]

  private static var bomb: String {
    var yaml = "a0: &a0 [x, x]\n"
    for level in 1...30 { yaml += "a\(level): &a\(level) [\(Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", "))]\n" }
    return yaml
  }

  @Test(arguments: bombs.map(\.name)) func refused(_ name: String) throws {
    let yaml = try #require(HostileFileTests.bombs.first { $0.name == name }).yaml
    let before = try residentBytes()
    var messages: [String] = []
    let start = try processorTime()
    messages = readDrill(yaml).messages
    let time = try processorTime() - start
    #expect(!messages.isEmpty)
    #expect(messages.allSatisfy { $0.utf8.count < 1000 })
    #expect(time < .seconds(1))
    #expect(try residentBytes() - before < 100_000_000)
  }

  @Test("an alias bomb is named as what it is") func aliasBomb() {
    let messages = readDrill(HostileFileTests.bomb).messages
    #expect(messages.first == "orders.yaml:1:5: anchors (&name) are not accepted; write the value out where it is needed")
    #expect(messages.contains("orders.yaml:2:10: aliases (*name) are not accepted; write the value out"))
  }

  @Test("nesting is allowed to 32 levels and refused at 33") func depth() {
    let deep = { (levels: Int) in String(repeating: "[", count: levels) + String(repeating: "]", count: levels) }
    var fine = Diagnostics()
    let file = ConfigFile(shown: "f", directory: "/")
    #expect(YAMLDocument.read(Array(deep(32).utf8), file: file, &fine) != nil)
    #expect(!fine.hasErrors)
    var refused = Diagnostics()
    #expect(YAMLDocument.read(Array(deep(33).utf8), file: file, &refused) == nil)
    #expect(refused.all.map(\.description) == ["f:1:33: nested deeper than 32 levels"])
  }

  @Test("bytes that are no UTF-8 are refused at their place") func notUTF8() {
    for bytes: [UInt8] in [[0xFF, 0xFE, 0x61, 0x01], [0x61, 0x0A, 0xC3, 0xA4, 0x20, 0xC3, 0x28], [0xED, 0xA0, 0x80]] {
      var diagnostics = Diagnostics()
      #expect(YAMLDocument.read(bytes, file: ConfigFile(shown: "f", directory: "/"), &diagnostics) == nil)
      #expect(diagnostics.all.first?.message == "a byte that is not UTF-8: save the file as UTF-8")
    }
    var diagnostics = Diagnostics()
    _ = YAMLDocument.read([0x61, 0x0A, 0xC3, 0xA4, 0x20, 0xC3, 0x28], file: ConfigFile(shown: "f", directory: "/"), &diagnostics)
    #expect(diagnostics.all.first.map { [$0.line, $0.column] } == [2, 3])
  }

  /// What this thread has used of the processor, so that a busy machine raises no false alarm.
  private func processorTime() throws -> Duration {
    var time = timespec()
    try #require(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) == 0)
    return .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec))
  }

  /// Resident memory of this process (proc(5), second field of statm in pages of 4 KiB).
  private func residentBytes() throws -> Int {
    let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
    return try #require(Int(fields[1])) * 4096
  }
}
