import Foundation

/// Fills a ledger with made-up sealed runs, in the format that docs/ledger.md publishes and without Drillmark's code.
struct SyntheticLedger {
  let count: Int
  let drills: Int

  /// Milliseconds of 2025-01-01T00:00:00Z; a run every five minutes.
  private static let start = 1_735_689_600_000
  private static let step = 300_000

  /// Adds the runs behind the ledger's last entry.
  ///
  /// - Throws: `Failure` when the ledger cannot be read or written.
  func fill(_ ledger: String, _ workshop: Workshop) throws {
    let read = ChildProcess(
      arguments: ["sqlite3", ledger, "select sequence, hex(hash) from entry order by sequence desc limit 1"],
      output: "\(workshop.root)/head.out")
    _ = try read.run()
    let parts = try read.answer().split(whereSeparator: { $0 == "|" || $0.isNewline })
    guard parts.count == 2, let sequence = Int(parts[0]), let last = [UInt8](hexadecimal: parts[1]) else {
      throw Failure("the ledger \(ledger) has no entry to begin from")
    }
    let script = "\(workshop.root)/fill.sql"
    try write(to: script, after: sequence, last)
    try workshop.make("sqlite3 \(ledger) < \(script); rm \(script)")
  }

  private func write(to path: String, after sequence: Int, _ hash: [UInt8]) throws {
    guard FileManager.default.createFile(atPath: path, contents: nil), let file = FileHandle(forWritingAtPath: path) else {
      throw Failure("\(path) cannot be written")
    }
    var text = "PRAGMA synchronous = OFF; BEGIN;\n"
    var previous = hash
    for number in 0..<count {
      let run = SyntheticRun(number: number, drills: drills, startedAt: SyntheticLedger.start + number * SyntheticLedger.step)
      let place = sequence + number + 1
      let sealed = run.hash(place, previous)
      text += run.statements(place, previous: previous, hash: sealed)
      previous = sealed
      if text.utf8.count > 4 << 20 {
        file.write(Data(text.utf8))
        text = ""
      }
    }
    file.write(Data((text + "COMMIT; ANALYZE;\n").utf8))
    try file.close()
  }
}

/// One made-up run: three in a hundred fail, one in two hundred cannot be drilled.
struct SyntheticRun {
  let drill: String
  let run: String
  let verdict: String
  let startedAt: Int
  let rta: Int
  let rpa: Int
  private let number: Int

  init(number: Int, drills: Int, startedAt: Int) {
    self.number = number
    self.startedAt = startedAt
    drill = "d\(number % drills)"
    // Knuth's multiplicative hash spreads the figures without a generator.
    let noise = number &* 2_654_435_761 % 1_000_003
    verdict = noise % 1000 < 30 ? "failed" : noise % 1000 < 35 ? "cannot_drill" : "passed"
    rta = verdict == "failed" ? 1_800_001 + noise : 40_000 + noise % 900_000
    rpa = 600_000 + noise * 7 % 2_900_000
    run = SyntheticRun.identifier(startedAt, number)
  }

  /// A ULID whose random part is the number.
  private static func identifier(_ time: Int, _ number: Int) -> String {
    let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
    let head = (0..<10).map { alphabet[time >> (45 - 5 * $0) & 31] }
    let tail = (0..<16).map { alphabet[$0 < 12 ? number >> (55 - 5 * $0) & 31 : (number &* 31 + $0 * 7) & 31] }
    return String(head + tail)
  }

  private var isMeasured: Bool { verdict != "cannot_drill" }
  private var phases: [(String, Int, Int)] {
    isMeasured
      ? [
        ("select", 0, 200), ("provision", 200, 3000), ("fetch", 3000, rta / 2), ("restore", 3100, rta - 900), ("ready", rta - 900, rta),
        ("verify", rta, rta + 4000), ("cleanup", rta + 4000, rta + 4500),
      ] : [("select", 0, 200)]
  }

  private var body: String {
    let at = SyntheticRun.time(startedAt)
    let end = SyntheticRun.time(startedAt + 240_000)
    let spans = phases.map { #"{"end_s":\#(SyntheticRun.seconds($2)),"name":"\#($0)","start_s":\#(SyntheticRun.seconds($1))}"# }
    let reason: String
    switch verdict {
    case "failed": reason = #"{"code":"rto_missed","severity":"failed","text":"The recovery time misses the objective of 30 min"}"#
    case "cannot_drill": reason = #"{"code":"source_unreachable","severity":"cannot_drill","text":"The source does not answer"}"#
    default: reason = ""
    }
    let check =
      #"{"data":true,"expected":"at least 1000","found":"8000","kind":"rows","name":"rows of orders","seconds":0.011,"severity":"fail","verdict":"passed"}"#
    let point =
      #"{"artefacts":[{"bytes":73400320,"location":"/srv/backups/b_\#(number).dump","sha256":null}],"bytes":73400320,"considered":12,"id":"b_\#(number).dump","rejected":[],"taken_at":"\#(at)","time_origin":"name"}"#
    let rpo = isMeasured ? SyntheticRun.seconds(rpa) : "null"
    let rto = isMeasured ? SyntheticRun.seconds(rta) : "null"
    return """
      {"checks":[\(isMeasured ? check : "")],"cleanup":{"resources":[],"verdict":"clean"},"drill":"\(drill)",\
      "environment":{"drillmark":"0.1.0","durability":"production","engine":"sqlite 3.40.1","host":"drills-1","isolation":null},\
      "failure_instant":"\(at)","finished_at":"\(end)","reasons":[\(reason)],"recovery_point":\(isMeasured ? point : "null"),\
      "rpo":{"actual_s":\(rpo),"artefact_age_s":\(rpo),"basis":"worst","data_age_s":null,"gap_tolerance":0.1,"objective_s":3600,\
      "verdict":"\(rpoVerdict)","window_worst_gap_s":\(rpo),"worst_gap_s":\(rpo)},\
      "rto":{"actual_s":\(rto),"comparable":\(isMeasured),"engine_restore_s":null,"objective_s":1800,"phases":[\(spans.joined(separator: ","))],\
      "until":"ready","verdict":"\(rtoVerdict)"},"run":"\(run)","started_at":"\(at)","trigger":"schedule","verdict":"\(verdict)"}
      """
  }

  private var rpoVerdict: String { isMeasured ? "met" : "unknown" }
  private var rtoVerdict: String { !isMeasured ? "not_comparable" : verdict == "failed" ? "missed" : "met" }

  func hash(_ place: Int, _ previous: [UInt8]) -> [UInt8] {
    func integer(_ value: Int) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * $0)) } }
    func counted(_ bytes: [UInt8]) -> [UInt8] { integer(bytes.count) + bytes }
    let front = Array("drillmark ledger entry 1\n".utf8) + integer(place) + counted(Array("run".utf8)) + counted(Array(run.utf8))
    return SHA256.digest(of: front + integer(1) + counted(previous) + counted(Array(body.utf8)))
  }

  /// The entry and its rows in the projections.
  func statements(_ place: Int, previous: [UInt8], hash: [UInt8]) -> String {
    let measured = isMeasured ? "'b_\(number).dump',\(startedAt),'name',73400320" : "NULL,NULL,NULL,NULL"
    let figures = isMeasured ? ("\(rpa)", "\(rta)") : ("NULL", "NULL")
    var text = """
      INSERT INTO entry VALUES(\(place),'run','\(run)',1,X'\(previous.hexadecimal)',CAST('\(body)' AS BLOB),X'\(hash.hexadecimal)');
      INSERT INTO run VALUES(\(place),'\(run)','\(drill)','schedule','\(verdict)',\(startedAt),\(startedAt),\(startedAt + 240_000),\
      \(measured),3600000,\(figures.0),'\(rpoVerdict)',1800000,\(figures.1),'\(rtoVerdict)','clean','drills-1','sqlite 3.40.1');

      """
    if isMeasured {
      text += "INSERT INTO check_result VALUES(\(place),0,'rows of orders','rows','fail','passed','at least 1000','8000',11,1);\n"
    }
    let rows = phases.enumerated().map { "(\(place),\($0.offset),'\($0.element.0)',\($0.element.1),\($0.element.2))" }
    return text + "INSERT INTO phase VALUES\(rows.joined(separator: ","));\n"
  }

  private static func time(_ milliseconds: Int) -> String {
    let date = Date(timeIntervalSince1970: Double(milliseconds / 1000))
    return date.formatted(.iso8601).dropLast() + ".000Z"
  }

  private static func seconds(_ milliseconds: Int) -> String {
    let rest = milliseconds % 1000
    if rest == 0 { return String(milliseconds / 1000) }
    let digits = String(rest)
    return "\(milliseconds / 1000)." + String(repeating: "0", count: 3 - digits.count) + digits
  }
}

extension [UInt8] {
  fileprivate var hexadecimal: String {
    let digits = [UInt8]("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in self { text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
    return String(decoding: text, as: UTF8.self)
  }

  fileprivate init?(hexadecimal text: some StringProtocol) {
    let digits = text.compactMap(\.hexDigitValue)
    guard digits.count == text.count, digits.count % 2 == 0 else { return nil }
    self = stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
  }
}
