import Testing

@testable import DrillConfig

/// Files that look odd and mean nothing bad.
@Suite("An odd file that is right passes") struct OddFileTests {
  @Test(
    arguments: [
      smallDrill.replacing("\n", with: "\r\n"),
      "\u{feff}" + smallDrill,
      "---\n" + smallDrill + "...\n",
      "%YAML 1.2\n---\n" + smallDrill,
      "# only a comment first\n\n" + smallDrill + "\n# and last",
      "{drill: orders, backup: {from: /backups}, restore: {engine: postgresql}, checks: [{rows: {table: orders}}]}",
      "{\"drill\": \"orders\", \"backup\": {\"from\": \"/backups\"}, \"restore\": {\"engine\": \"postgresql\"}, \"checks\": [{\"rows\": {\"table\": \"orders\"}}]}",
      smallDrill + "objectives:\nlimits: {}\ndeadlines: ~\nscratch: null\n",
      smallDrill + "description: |\n  several\n  lines: of text\n",
      smallDrill + "description: no\n",
      smallDrill + "description: ''\n",
      smallDrill + "description: 2026-11-01\n",
      smallDrill + "owner: \"12\"\n",
      smallDrill + "owner: 'it''s mine'\n",
      smallDrill + "objectives: {rpo: 'P1DT12H', rto: 1h30m, gap-tolerance: 0}\n",
      smallDrill + "objectives: {rpo: 1.5h, rpo-basis: artefact_age}\n",
      smallDrill + "schedule: '30 3 * * *'\n",
      smallDrill + "schedule:\n  cron: 30 3 * * *\n  timezone: America/Argentina/Buenos_Aires\n",
      smallDrill + "limits: {bytes: 0}\nclock-skew: 0\n",
      smallDrill + "restore2: x\n".replacing("restore2: x\n", with: ""),
      smallDrill.replacing("drill: orders", with: "\"drill\": 'Ünïcode ✓'"),
      smallDrill.replacing("from: /backups", with: "from: \"FILE:///backups\""),
      smallDrill.replacing("from: /backups", with: "from: b, select: {at: 2026-11-01 04:00:00+01:00}"),
      smallDrill.replacing("from: /backups", with: "from: a b/c#d"),
    ]) func passes(_ yaml: String)
  {
    let (drill, messages) = readDrill(yaml)
    #expect(drill != nil)
    #expect(messages == [])
  }

  @Test(
    "an empty site file, or one of comments, has the usual settings",
    arguments: ["", "# nothing\n", "---\n", "tiers:\nnotify:\nprotect:\naws:\nscratch:\n"])
  func emptySite(_ yaml: String) {
    #expect(readSite(yaml).site == Site(directory: "/srv/site"))
  }
}
