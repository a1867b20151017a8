import Testing

@testable import DrillConfig

/// Schema and parser come to the same verdict, but for what `docs/schema-limits.md` lists.
@Suite("The JSON Schema agrees with the parser") struct SchemaAgreementTests {
  private static let drillSchema = SchemaDocument.drill(sampleVocabulary)

  /// What only the parser sees, by the words of its message.
  private static let limits = [
    "there is no tier", "time zone such as", "is given twice", "cron expression cannot", "write it in decimal digits",
    "or time with its offset", "2026-02-30", "NUL character", "1e-1", "has fields of a time", "99999999999999999999", "never /etc",
    "bring no luck", "min is above max",
    "which the engine", "has no use for", "longer than zero", "file URI with an absolute", "can be seen",
  ]

  private static let faults = topFaults + backupFaults + restoreFaults + checkFaults

  @Test("on every faulty drill", arguments: faults) func faulty(_ fault: FaultCase) throws {
    let isLimit = SchemaAgreementTests.limits.contains { fault.message.contains($0) }
    if isLimit { return }
    #expect(try verdict(of: fault.yaml, SchemaAgreementTests.drillSchema) == false)
  }

  @Test("on every faulty site file", arguments: siteFaults + channelFaults) func faultySite(_ fault: FaultCase) throws {
    if channelLimits.contains(where: { fault.message.contains($0) }) { return }
    #expect(try verdict(of: fault.yaml, SchemaDocument.site) == false)
  }

  @Test("on good drills") func good() throws {
    for yaml in [DrillFileTests.orders, smallDrill] + goodDrills {
      #expect(readDrill(yaml).messages.allSatisfy { $0.contains("warning") })
      #expect(try verdict(of: yaml, SchemaAgreementTests.drillSchema), "\(yaml)")
    }
  }

  @Test(
    "on good site files",
    arguments: [
      SiteFileTests.contract, ChannelTests.full, "", "tiers:\nnotify:\n", "parallel: 3", "scratch: {keep-free: 5 GB}", "notify: []",
    ])
  func goodSite(_ yaml: String) throws {
    #expect(readSite(yaml).site != nil)
    #expect(try verdict(of: yaml, SchemaDocument.site))
  }

  @Test("and is at most as strict: whatever it refuses the parser refuses") func faultsAreFaults() {
    #expect(SchemaAgreementTests.faults.count >= 80)
    #expect(SchemaAgreementTests.faults.count { fault in !SchemaAgreementTests.limits.contains { fault.message.contains($0) } } >= 60)
  }

  @Test("and describes every key") func described() {
    for schema in [SchemaAgreementTests.drillSchema, SchemaDocument.site] {
      guard case .object(let members)? = schema["properties"] else { return #expect(Bool(false), "no properties") }
      #expect(members.allSatisfy { $0.value["description"] != nil })
      #expect(schema.text().hasPrefix("{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\""))
    }
  }

  private func verdict(of yaml: String, _ schema: SchemaJSON) throws -> Bool {
    var diagnostics = Diagnostics()
    let node = try #require(YAMLDocument.read(Array(yaml.utf8), file: ConfigFile(shown: "f", directory: "/"), &diagnostics))
    return SchemaValidator().accepts(SchemaValidator.instance(node), schema)
  }
}

/// A drill of the engine that takes logs.
private func filesDrill(_ backup: String) -> String {
  smallDrill.replacing("from: /backups", with: backup).replacing("postgresql}", with: "files}")
}

private let goodDrills =
  [
    "objectives:\n", "objectives: {rpo: 1h, every: 7d}\n", "rpo-basis: data\n", "gap-tolerance: 0.1\n", "gap-tolerance: 10%\n",
    "rto-until: verified\n", "limits: {bytes: 12}\n", "limits: {bytes: 1.5 GiB}\n", "deadlines: {restore: PT5M}\n", "clock-skew: 0\n",
    "clock-skew: P1DT12H\n", "duration: 1w2d3h4m5s6ms\n", "check-timeout: 500ms\n", "schedule: '0 4 * * SUN'\n", "schedule: '@daily'\n",
    "schedule: {cron: '0 4 * * *', jitter: 0, missed: skip}\n", "scratch:\n", "tier: critical\n", "description: ''\n",
    "failure-instant: 2026-11-01 04:00:00.123+01:00\n", "  - engine:\n", "  - engine: full\n", "  - command: [a, b]\n",
    "  - command: {run: a}\n", "  - rows: {table: x}\n    ignore: {reason: r, until: 2026-12-31}\n",
    "  - query: {sql: select 1, min: -3}\n",
  ].map { smallDrill + $0 } + [
    smallDrill.replacing("from: /backups", with: "from: s3://b, region: x"),
    filesDrill("from: s3://b, region: x, logs: {from: /wal, depth: 1}"), filesDrill("from: /b, logs: {from: s3://wal, region: x}"),
    smallDrill.replacing("from: /backups", with: "from: './rds:orders'"), smallDrill.replacing("from: /backups", with: "from: 'a:b'"),
    smallDrill.replacing("from: /backups", with: "from: b, depth: 3, select: {random-within: 30d}"),
    smallDrill.replacing("postgresql}", with: "postgresql, password: {env: PW}, scratch: {durability: relaxed}}"),
  ]
