import DrillModel
import DrillTestSupport
import Foundation
import Scheduling
import Testing

/// Scores the shared vectors as the black-box conformance does: Debian's rows, those on which Debian agrees, and Debian's own answers.
@Suite("Cron vectors", .enabled(if: ConformanceData.folder("vectors") != nil, "\(ConformanceData.absence)"))
struct CronVectorTests {
  private struct File: Decodable { var vectors: [Row] }

  private struct Row: Decodable {
    var id: String
    var category: String
    var dialect: String?
    var agrees: Bool?
    var input: Input
    var expect: Expectation

    enum CodingKeys: String, CodingKey {
      case id, category, dialect, input, expect
      case agrees = "debian_agrees"
    }
    struct Input: Decodable {
      var expr: String?
      var tz: String?
      var start: String?
    }
    struct Expectation: Decodable {
      var next: [String]?
      var debian: [String]?

      enum CodingKeys: String, CodingKey {
        case next
        case debian = "debian_next"
      }

      init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        next = try? container.decode([String].self, forKey: .next)
        if next == nil { next = (try? container.decode(String.self, forKey: .next)).map { [$0] } }
        debian = try? container.decode([String].self, forKey: .debian)
      }
    }

    var isDebian: Bool { dialect?.hasPrefix("debian") ?? false }

    /// Whether it is written in the five fields and characters that Debian knows.
    var isScored: Bool {
      guard let fields = input.expr?.uppercased().split(whereSeparator: \.isWhitespace), fields.count == 5 else { return false }
      return !fields.contains { $0.contains("#") } && !fields[2].contains("L") && !fields[4].contains("L") && !fields[2].contains("W")
    }
  }

  private func rows(_ category: String) throws -> [Row] {
    let folder = try #require(ConformanceData.folder("vectors"))
    let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/cron.json"))
    return try JSONDecoder().decode(File.self, from: data).vectors.filter { $0.category.hasPrefix(category) && $0.isScored }
  }

  private func instant(_ text: String) throws -> Timestamp {
    let hasZone = text.hasSuffix("Z") || text.dropFirst(10).contains("+") || text.dropFirst(10).contains("-")
    return try #require(Timestamp(rfc3339: hasZone ? text : text + "Z"), "\(text)")
  }

  private func score(_ rows: [Row], _ step: (CronExpression, Timestamp, Zone) -> Timestamp?) throws -> Int {
    var scored = 0
    for row in rows where row.isDebian || row.agrees == true || row.expect.debian != nil {
      guard let wanted = row.expect.debian ?? row.expect.next, let text = row.input.expr, let start = row.input.start else { continue }
      guard let zone = Zone(row.input.tz ?? "UTC") else { continue }
      let cron = try CronExpression(text)
      var now = try instant(start)
      var got: [Timestamp] = []
      for _ in wanted {
        guard let found = step(cron, now, zone) else { break }
        got.append(found)
        now = found
      }
      #expect(try got == wanted.map(instant), "\(row.id) \(text) \(zone.name) from \(start)")
      scored += 1
    }
    return scored
  }

  @Test("every next time is Debian's")
  func next() throws {
    let count = try score(rows("next")) { $0.next(after: $1, in: $2) }
    #expect(count > 150)
  }

  @Test("every previous time is Debian's")
  func previous() throws {
    let count = try score(rows("prev")) { $0.previous(before: $1, in: $2) }
    #expect(count > 40)
  }

  @Test("every wrong expression is refused, and every right one taken")
  func parsing() throws {
    for row in try rows("parse_invalid") where row.isDebian || row.agrees == true {
      #expect(throws: CronError.self, "\(row.id) \(row.input.expr ?? "")") { try CronExpression(row.input.expr ?? "") }
    }
    for row in try rows("parse_valid") where row.isDebian {
      #expect(throws: Never.self, "\(row.id)") { try CronExpression(row.input.expr ?? "") }
    }
  }
}
