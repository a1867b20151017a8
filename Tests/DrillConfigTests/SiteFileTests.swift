import DrillModel
import Testing

@testable import DrillConfig

@Suite("A site file") struct SiteFileTests {
  static let contract = """
    # drillmark.yaml
    ledger: state/drillmark.sqlite          # SQLite
    reports: reports
    scratch: {directory: /var/tmp/drillmark, keep-free: 10%}
    parallel: 2                             # runs at once on this host
    aws: {region: eu-west-1}                # profile, endpoint, role-arn… when needed
    tiers:
      critical:  {rpo: 1h, rto: 30m, every: 7d}   # objectives merge key by key
      important: {rpo: 1h, rto: 2h,  every: 7d}
      standard:  {rpo: 26h, rto: 4h, every: 31d}
    notify:
      - sns: {topic: "arn:aws:sns:eu-west-1:123456789012:dr-drills", on: [failed, could_not_verify, cannot_drill, interrupted, overdue, recovered]}
    protect:                                # never touched, whatever a drill says
      hosts: [db.prod.example.com]

    """

  @Test("of the contract parses whole") func wholeContract() throws {
    let (site, messages) = readSite(SiteFileTests.contract)
    #expect(messages == [])
    var expected = Site(directory: "/srv/site")
    expected.parallel = 2
    expected.aws.region = "eu-west-1"
    expected.tiers = [
      "critical": DrillObjectives(rpo: .seconds(3600), rto: .seconds(1800), every: .seconds(604_800)),
      "important": DrillObjectives(rpo: .seconds(3600), rto: .seconds(7200), every: .seconds(604_800)),
      "standard": DrillObjectives(rpo: .seconds(93_600), rto: .seconds(14_400), every: .seconds(2_678_400)),
    ]
    expected.notify = [
      NotificationRoute(.sns(SNSTarget(topic: "arn:aws:sns:eu-west-1:123456789012:dr-drills")))
    ]
    expected.protect.hosts = ["db.prod.example.com"]
    #expect(site == expected)
    #expect(site?.ledger == "/srv/site/state/drillmark.sqlite")
  }

  @Test("may keep free a size, relax durability and name other endpoints") func others() {
    let (site, messages) = readSite(
      """
      scratch: {keep-free: 5GiB, durability: relaxed, directory: scratch}
      aws: {profile: dr, endpoint: 'http://127.0.0.1:4566', role-arn: 'arn:aws:iam::123456789012:role/dr'}
      notify: [sns: {topic: 'arn:aws-cn:sns:cn-north-1:123456789012:t', on: [passed], region: cn-north-1, endpoint: 'https://sns.example'}]
      """)
    #expect(messages == [])
    #expect(site?.scratch.keepFree == .bytes(5_368_709_120))
    #expect(site?.scratch.durability == .relaxed)
    #expect(site?.scratch.directory == "/srv/site/scratch")
    let topic = SNSTarget(topic: "arn:aws-cn:sns:cn-north-1:123456789012:t", region: "cn-north-1", endpoint: "https://sns.example")
    #expect(site?.notify.first?.channel == .sns(topic))
    #expect(site?.notify.first?.on == [.passed])
  }
}
