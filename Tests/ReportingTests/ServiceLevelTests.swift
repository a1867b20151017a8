import DrillModel
import DrillTestSupport
import Objectives
import Reporting
import Testing

@Suite("What can be promised")
struct ServiceLevelTests {
  private func line(_ drill: String, _ runs: [RunRecord], tier: String? = "gold", rto: Double? = 1800) -> ServiceLevels.Line {
    let figures = runs.enumerated().map { SampleReport.figures($0.element, Int64($0.offset + 1)) }
    return ServiceLevels.Line(drill: drill, tier: tier, rpo: 93_600, rto: rto, figures: figures, share: 0.95)
  }

  private func levels(_ lines: [ServiceLevels.Line]) -> ServiceLevels {
    ServiceLevels(lines, share: 0.95, period: SampleReport.everything.period)
  }

  private let many = (0..<60).map { SampleReport.record($0, "a", rta: 50 + Double($0 % 5)) }

  @Test("a tier promises only what its weakest drill can, and names it") func weakest() {
    let tier = levels([line("a", many), line("b", Array(many.prefix(3)))]).tiers[0]
    #expect(tier.drills == 2 && tier.rto.conclusion == .open(more: 56) && tier.rto.decidedBy == "b" && tier.rto.supported == nil)
    let both = levels([line("a", many), line("b", many)]).tiers[0]
    #expect(both.rto.conclusion == .confirmed && both.rto.supported == 54 && both.rto.runs == 120)
  }

  @Test("an untested drill leaves its tier without a promise") func untested() {
    let tier = levels([line("a", many), line("b", [])]).tiers[0]
    #expect(tier.rto.conclusion == .untested && tier.untested == 1 && tier.rto.supported == nil)
  }

  @Test("today's objective judges, not the one of the time") func today() {
    #expect(line("a", many, rto: 52).rto.conclusion == .contradicted)
    #expect(line("a", many, rto: nil).rto.conclusion == .noObjective)
  }

  @Test("runs of another engine than the newest are left out and counted; those that ended before one was known stay") func engines() {
    var figures = many.enumerated().map { SampleReport.figures($0.element, Int64($0.offset + 1)) }
    for index in 0..<10 { figures[index].engine = "postgresql" }
    figures[20].engine = ""
    let line = ServiceLevels.Line(drill: "a", tier: nil, rpo: nil, rto: 1800, figures: figures, share: 0.95)
    #expect(line.otherEngine == 10 && line.rto.runs == 50)
  }

  @Test("JSON holds the figures, and null where there is no number") func json() throws {
    let broken = SampleReport.record(61, "a", .failed, rta: nil)
    let document = try #require(JSONValue(levels([line("a", [broken])]).json))
    let rto = document["drills"].items[0]["rto"]
    #expect(rto["runs"].number == 1 && rto["unrecovered"].number == 1 && rto["median_s"].isNull && rto["worst_s"].isNull)
    #expect(rto["conclusion"].text == "open" && rto["more_needed"].number == 92)
    #expect(document["tiers"].items[0]["rto"]["decided_by"].text == "a")
  }
}
