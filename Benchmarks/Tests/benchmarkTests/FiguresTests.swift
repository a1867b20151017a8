import Testing

@testable import benchmark

@Suite("Figures")
struct FiguresTests {
  @Test("the median lies in the middle, between two if need be")
  func median() {
    #expect(Spread([3, 1, 2])?.median == 2)
    #expect(Spread([4, 1, 2, 3])?.median == 2.5)
    #expect(Spread([]) == nil)
  }

  @Test("ratios are taken pair by pair, so that a slow minute hits both sides")
  func ratio() throws {
    let ours = [1.0, 10, 2].map { Measurement(wall: $0, cpu: 0) }
    let theirs = [1.0, 5, 1].map { Measurement(wall: $0, cpu: 0) }
    let found = try #require(Comparison(ours: ours, theirs: theirs))
    #expect(found.ratio.median == 2)
    #expect(found.ratio.least == 1)
    #expect(found.added.median == 1)
  }

  @Test("the aim is of drills, and both its halves are told")
  func aim() throws {
    func told(_ ours: Double, _ theirs: Double, isDrill: Bool = true) throws -> String {
      let pair = ([Measurement(wall: ours, cpu: 0)], [Measurement(wall: theirs, cpu: 0)])
      var result = CaseResult(name: "n", against: "a")
      if isDrill { result.records = [try DrillRecord.passed(#"{"verdict":"passed","rto":{"phases":[]}}"#)] }
      return Report.aim(of: result, try #require(Comparison(ours: pair.0, theirs: pair.1)))
    }
    #expect(try told(10.1, 10) == "met")
    #expect(try told(20.3, 20) == "2 % met, 200 ms missed")
    #expect(try told(0.15, 0.05) == "2 % missed, 200 ms met")
    #expect(try told(9, 5) == "2 % missed, 200 ms missed")
    #expect(try told(1, 2, isDrill: false) == "–")
  }

  @Test("a drill that did not pass gives no figure")
  func failedDrill() {
    #expect(throws: Failure.self) { try DrillRecord.passed(#"{"verdict":"failed","rto":{"phases":[]}}"#) }
    #expect(throws: Failure.self) { try DrillRecord.passed("") }
  }

  @Test("phases come from the record")
  func phases() throws {
    let text = #"{"verdict":"passed","rto":{"phases":[{"name":"select","start_s":0,"end_s":0.5},{"name":"ready","start_s":1,"end_s":2}]}}"#
    let record = try DrillRecord.passed(text)
    #expect(record.seconds(of: "select") == 0.5)
    #expect(record.seconds(of: "recover") == nil)
    #expect(record.span == 2)
  }

  @Test("how long a restore goes on after its download is told where both happened")
  func restoreAfterFetch() throws {
    func after(_ phases: String) throws -> Double? {
      try DrillRecord.passed(#"{"verdict":"passed","rto":{"phases":[\#(phases)]}}"#).restoreAfterFetch
    }
    let (fetch, restore) = (#"{"name":"fetch","start_s":0,"end_s":1.5}"#, #"{"name":"restore","start_s":0.5,"end_s":1.75}"#)
    #expect(try after("\(fetch),\(restore)") == 0.25)
    #expect(try after(restore) == nil)
    #expect(try after(#"{"name":"fetch","start_s":0,"end_s":null},\#(restore)"#) == nil)
  }

  @Test("every case has a name of its own")
  func names() {
    let names = CaseGroup.all.flatMap(\.names)
    #expect(Set(names).count == names.count)
    #expect(["mysql", "mydumper", "mysql-physical", "postgresql-physical", "s3 100 MB/s rclone", "s3 load"].allSatisfy(names.contains))
  }

  @Test("figures replace what stood between the marks, and nothing else")
  func document() throws {
    let text = "a\n\(Document.begin)\nold\n\(Document.end)\nb\n"
    #expect(try Document.put("new\n", into: text) == "a\n\(Document.begin)\nnew\n\(Document.end)\nb\n")
    #expect(throws: Failure.self) { try Document.put("new\n", into: "no marks") }
  }

  @Test("wrong arguments are refused")
  func options() throws {
    #expect(try Options(["p", "d", "--runs", "3", "--only", "plain,files"]).only == ["plain", "files"])
    for wrong in [["p"], ["p", "d", "--runs", "0"], ["p", "d", "--scale"], ["p", "d", "--fast"]] {
      #expect(throws: Failure.self) { try Options(wrong) }
    }
  }
}
