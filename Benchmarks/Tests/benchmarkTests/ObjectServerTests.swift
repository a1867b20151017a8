import Foundation
import Testing

@testable import benchmark

@Suite("The server of one object", .enabled(if: (try? Programs.require("python3", "curl")) != nil, "python3 or curl is missing"))
struct ObjectServerTests {
  /// Seconds that four ranges took which were asked for at once, and whether they were right.
  private func take(_ pace: ObjectServer.Pace) throws -> (seconds: Double, isRight: Bool) {
    let folder = NSTemporaryDirectory() + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let workshop = try Workshop(in: folder, program: "/bin/sh")
    let object = "\(workshop.root)/object"
    try workshop.make("head -c 2000000 /dev/urandom > \(object)")
    let url = try ObjectServer.start(workshop, object: object, pace)
    let taken = ChildProcess(
      arguments: try workshop.script(
        "take",
        """
        for i in 0 1 2 3; do curl -sf -r $((i * 500000))-$((i * 500000 + 499999)) -o \(object).$i \(url)/bucket/object & jobs="$jobs $!"; done
        for job in $jobs; do wait $job; done
        """), output: "\(workshop.root)/out")
    let seconds = try taken.run().wall
    let whole = try (0..<4).reduce(into: Data()) { $0 += try Data(contentsOf: URL(fileURLWithPath: "\(object).\($1)")) }
    return (seconds, try whole == Data(contentsOf: URL(fileURLWithPath: object)))
  }

  @Test("gives the ranges that it is asked for, no sooner than its pace allows")
  func pace() throws {
    let free = try take(.init())
    #expect(free.isRight)
    let late = try take(.init(delay: 0.4))
    #expect(late.isRight && late.seconds > 0.4)
    // Half a megabyte on each connection, two together; what fits into sockets and 50 ms come at once.
    let each = try take(.init(each: 500_000))
    #expect(each.isRight && each.seconds > 0.5)
    let all = try take(.init(all: 1_000_000))
    #expect(all.isRight && all.seconds > 1)
  }
}
