import DrillTestSupport
import Foundation
import Reporting
import Testing

/// `DRILLMARK_RECORD=1 swift test --filter GoldenTests` writes the files anew; read the difference before it lands.
@Suite("Reports as they were agreed on")
struct GoldenTests {
  @Test("every format is byte by byte the recorded one", arguments: SampleReport.Format.allCases)
  func golden(_ format: SampleReport.Format) throws {
    let path = "\(packageRoot)/Tests/Golden/report.\(format.rawValue)"
    let text = try SampleReport.text(format)
    if ProcessInfo.processInfo.environment["DRILLMARK_RECORD"] == "1" {
      try Data(text.utf8).write(to: URL(fileURLWithPath: path))
      return
    }
    let recorded = TextFile.read(path)
    let same = zip(recorded.split(separator: "\n"), text.split(separator: "\n")).prefix { $0 == $1 }.count
    #expect(recorded == text, "differs from \(path) at line \(same + 1)")
  }

  @Test("written twice, the bytes are the same", arguments: SampleReport.Format.allCases)
  func twice(_ format: SampleReport.Format) throws {
    #expect(try SampleReport.text(format) == SampleReport.text(format))
  }
}
