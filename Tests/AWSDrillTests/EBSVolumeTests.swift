import AWSClient
import AWSKit
import DrillModel
import DrillTestSupport
import EngineKit
import Selecting
import Testing

@testable import EngineEBS
@testable import SourceEBS

@Suite("A volume that is not looked into")
struct EBSVolumeTests {
  private func row(_ bench: EBSBench, _ state: ScratchResource.State = .made) -> ScratchResource {
    let place = EBSVolume.place(of: bench.run, region: "eu-west-1", account: ScriptedRDS.account)
    return ScratchResource(kind: EBSVolume.kind, name: place.text, state: state)
  }

  private func reap(_ bench: EBSBench) async -> Fault? {
    do {
      try await bench.reaper.destroy(row(bench), of: bench.run, tools: NoPrograms())
      return nil
    } catch { return error as? Fault ?? Fault(.internalError, "\(error)") }
  }

  /// A volume with the run's tags.
  private func put(_ bench: EBSBench, age: Duration = .zero, states: [String] = ["available"]) {
    let tags = ["Name": ScratchName.of(bench.run), "drillmark:run": bench.run.text]
    bench.ec2.change { $0.volumes = [ScriptedEC2.Volume("vol-00000001", states: states, created: BackupStamp.rfc3339(age), tags: tags)] }
  }

  @Test("is deleted although the clocks are hours apart, while EC2 still calls it in use, and once STS answers again")
  func removed() async throws {
    let bench = EBSBench(intervene: { action, count in action == "GetCallerIdentity" && count < 4 ? .instead(.cut) : nil })
    put(bench, age: .seconds(3600 * 5), states: ["in-use", "in-use", "available"])
    let fault = await reap(bench)
    #expect(fault == nil && bench.left.isEmpty, "\(fault.map { "\($0)" } ?? "")")
  }

  @Test("that is days older than the run is left alone, and so is one that is attached")
  func left() async throws {
    let old = EBSBench()
    put(old, age: .seconds(86_400 * 2))
    let fault = await reap(old)
    #expect(fault?.message.contains("older than the run") == true && old.left.count == 1)
    #expect(fault?.advice?.contains("aws ec2 delete-volume --region eu-west-1 --volume-id $(aws ec2 describe-volumes ") == true)
    let attached = EBSBench()
    put(attached, states: ["in-use"])
    attached.ec2.change { $0.volumes[0].attachment = ScriptedEC2.Attachment("i-0fffffffffffffff0") }
    #expect(await reap(attached)?.message.contains("attached to i-0fffffffffffffff0") == true && attached.left.count == 1)
  }

  @Test("that is refused says whether to wait, to ask for more, or to go elsewhere")
  func refused() async throws {
    for (code, words, isTransient) in [
      ("RequestLimitExceeded", "Try again later", true), ("VolumeLimitExceeded", "quota", false),
      ("InsufficientVolumeCapacity", "another `zone`", true),
    ] {
      let bench = EBSBench(intervene: { action, _ in action == "CreateVolume" ? .instead(ScriptedEC2.error(code)) : nil })
      var options = EBSOptions()
      options.zone = "eu-west-1a"
      let fault = await bench.fault(options)
      #expect(fault?.description.contains(words) == true && fault?.isTransient == isTransient, "\(fault.map { "\($0)" } ?? "")")
      #expect(fault?.code.verdict == .cannotDrill)
    }
  }

  @Test("of a copied snapshot has no time but that of the copying, which counts only where the drill trusts it")
  func copies() async throws {
    let bench = EBSBench(change: {
      $0.snapshots.append(ScriptedEC2.Snapshot("snap-00000003", started: BackupStamp.rfc3339(.seconds(600))))
      $0.snapshots[1].volume = "vol-ffffffff"
    })
    let source = EBSSource(try EBSPlace("tag:a=b"), text: "ebs:tag:a=b", connection: bench.connection)
    var rules = SelectionRules()
    let found = try survey(try await source.artefacts(), rules: rules, now: HostClocks().now())
    #expect(found.candidates.map(\.id) == ["snap-00000002", "snap-00000003"])
    #expect(found.candidates.map(\.origin) == [.metadata, nil])
    guard case .handle(let handle) = try await source.open(found.candidates[1].artefact) else { throw CancellationError() }
    let point = try EBSRecoveryPoint(handle: handle)
    #expect(point.takenAt == nil && point.description.contains("a copy: EC2"))
    rules.trustModifiedTime = true
    #expect(
      try survey(try await source.artefacts(), rules: rules, now: HostClocks().now()).candidates.map(\.origin) == [.metadata, .modified])
  }
}
