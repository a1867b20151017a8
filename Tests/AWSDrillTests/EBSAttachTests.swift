import AWSClient
import DrillModel
import DrillTestSupport
import EngineKit
import Foundation
import Testing

@testable import EngineEBS

@Suite(
  "Looking into a volume on an instance", .serialized, .enabled(if: LoopDisk.absence == nil, Comment(rawValue: LoopDisk.absence ?? "")))
struct EBSAttachTests {
  private let files = ["etc/app.conf": "x = 1\n", "data/one": "1", "data/two": "2"]

  private func bench(
    partition: Int? = nil, manner: LoopDisk.Manner = .nvme,
    intervene: @escaping @Sendable (String, Int) -> ScriptedRDS.Intervention? = { _, _ in nil },
    image: (String) throws -> Void = { _ in }, change: (inout ScriptedEC2.State) -> Void = { _ in }
  ) -> EBSBench {
    let disk = LoopDisk(files: files, partition: partition, manner: manner, change: image)
    return EBSBench(disk: disk, intervene: intervene, change: change)
  }

  private func names(_ target: any ScratchTarget) async throws -> [String] {
    let root = try #require(try await target.probes().files?.root)
    return try FileManager.default.subpathsOfDirectory(atPath: root).filter { $0 != "lost+found" }.sorted()
  }

  @Test(
    "mounts it read-only where nobody else may look, writes nothing to it, and leaves nothing", arguments: [LoopDisk.Manner.nvme, .xen])
  func mounted(manner: LoopDisk.Manner) async throws {
    let bench = bench(manner: manner)
    let disk = try #require(bench.disk)
    let before = disk.bytes
    let (target, report) = try await bench.restore()
    #expect(try await names(target) == ["data", "data/one", "data/two", "etc", "etc/app.conf"])
    #expect(disk.mountOptions.isSuperset(of: ["ro", "nosuid", "nodev", "noexec"]), "\(disk.mountOptions)")
    #expect(disk.mountPoints == ["\(bench.scratch)/volume/root"])
    let mode = try FileManager.default.attributesOfItem(atPath: "\(bench.scratch)/volume")[.posixPermissions] as? Int
    #expect(mode == 0o700 && report.notes.contains { $0.contains("mounted read-only as ext4") }, "\(report.notes)")
    try await target.destroy()
    try await target.destroy()
    #expect(disk.mountPoints.isEmpty && bench.left.isEmpty && !bench.ec2.now.calls.contains("detached while mounted"))
    #expect(disk.bytes == before)
    #expect(bench.ec2.now.calls.filter { $0.hasSuffix("Volume") } == ["CreateVolume", "AttachVolume", "DetachVolume", "DeleteVolume"])
  }

  @Test("looks into the partition and the directory that the drill names, and says so when they are not there")
  func within() async throws {
    let bench = bench(partition: 2)
    var options = bench.attaching
    options.attach?.partition = 2
    options.attach?.path = "data"
    let (target, _) = try await bench.restore(options)
    #expect(try await names(target) == ["one", "two"])
    try await target.destroy()
    options.attach?.path = "data/one"
    let file = await bench.fault(options)
    #expect(file?.code == .backupDamaged && file?.message.contains("no directory data/one") == true)
    options.attach?.partition = 3
    let partition = await bench.fault(options)
    #expect(partition?.code == .backupWrongFormat && partition?.message.contains("it has 2") == true, "\(String(describing: partition))")
    options.attach?.partition = nil
    #expect(await bench.fault(options)?.description.contains("table of partitions") == true)
    #expect(bench.left.isEmpty && bench.disk?.mountPoints == [])
  }

  @Test("never takes another disk for it: not one with another's serial number, not one that was there before")
  func decoys() async throws {
    let bench = bench(change: { $0.disk = nil })
    bench.disk?.decoy("nvme1n1", serial: "vol0ffffffffffffffff")
    bench.disk?.decoy("xvdf")
    bench.disk?.decoy("sdf")
    let fault = await bench.fault()
    #expect(fault?.code == .scratchUnusable && fault?.message.contains("shows no such disk") == true, "\(String(describing: fault))")
    #expect(bench.left.isEmpty && bench.disk?.mountPoints == [])
  }

  @Test("tells a damaged file system from one that is another than the drill says")
  func damaged() async throws {
    let broken = bench(image: { path in
      let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
      try file.seek(toOffset: 2048)
      try file.write(contentsOf: Data(repeating: 0, count: 1024))
      try file.close()
    })
    let fault = await broken.fault()
    #expect(fault?.code == .backupDamaged && fault?.code.verdict == .failed, "\(String(describing: fault))")
    #expect(broken.left.isEmpty)
    let bench = bench()
    var options = bench.attaching
    options.attach?.fileSystem = .xfs
    #expect(await bench.fault(options)?.code == .backupWrongFormat)
    options.attach?.fileSystem = .ext4
    #expect(await bench.fault(options) == nil)
  }

  @Test("finishes a journal as a restore would, and says that it was left alone where the drill asks for that")
  func journal() async throws {
    let bench = bench(image: { path in _ = try HostProgram.run("/usr/sbin/debugfs", ["-w", "-R", "feature needs_recovery", path]) })
    let disk = try #require(bench.disk)
    let before = disk.bytes
    var options = bench.attaching
    options.attach?.journal = .skip
    let (target, report) = try await bench.restore(options)
    #expect(report.notes.contains { $0.contains("its journal was left alone") } && disk.bytes == before)
    try await target.destroy()
    let (replayed, finished) = try await bench.restore()
    #expect(finished.notes.contains { $0.contains("its journal was finished") } && disk.mountOptions.contains("ro"))
    try await replayed.destroy()
    #expect(disk.bytes != before)
  }

  @Test("mounts XFS as well", .enabled(if: LoopDisk.xfsAbsence == nil, Comment(rawValue: LoopDisk.xfsAbsence ?? "")))
  func xfs() async throws {
    let bench = EBSBench(disk: LoopDisk(files: files, fileSystem: .xfs))
    let disk = try #require(bench.disk)
    let (target, report) = try await bench.restore()
    #expect(try await names(target) == ["data", "data/one", "data/two", "etc", "etc/app.conf"])
    #expect(disk.mountOptions.contains("ro") && report.notes.contains { $0.contains("mounted read-only as xfs") }, "\(report.notes)")
    try await target.destroy()
    #expect(bench.left.isEmpty && disk.mountPoints.isEmpty)
    var options = bench.attaching
    options.attach?.fileSystem = .ext4
    #expect(await bench.fault(options)?.code == .backupWrongFormat)
  }

  @Test("attaches once although a reply is lost, and under the next name when one is taken")
  func replies() async throws {
    for isDone in [true, false] {
      let bench = bench(intervene: { action, count in
        guard action == "AttachVolume", count == 0 else { return nil }
        return isDone ? .after(.cut) : .instead(ScriptedEC2.error("RequestLimitExceeded", status: 503))
      })
      #expect(await bench.fault() == nil)
      #expect(bench.left.isEmpty)
    }
    let busy = bench(change: { $0.taken = ["/dev/sdf", "/dev/sdg"] })
    let (target, _) = try await busy.restore()
    #expect(busy.left.first?.attachment?.device == "/dev/sdh")
    try await target.destroy()
    var options = busy.attaching
    options.attach?.device = "/dev/sdg"
    #expect(await busy.fault(options)?.message.contains("/dev/sdg is taken") == true)
    #expect(busy.left.isEmpty)
  }

  @Test("gives up on an attachment that does not come, and takes a volume away that the instance does not let go")
  func stuck() async throws {
    let never = bench(change: { $0.whileAttaching = ["attaching"] })
    #expect(await never.fault()?.message.contains("had not done so") == true)
    #expect(never.left.isEmpty)
    let back = bench(change: { $0.whileAttaching = ["attaching", "detached"] })
    #expect(await back.fault()?.message.contains("took it off again") == true)
    #expect(back.left.isEmpty)
    let clinging = bench(change: { $0.whileDetaching = ["detaching"] })
    #expect(await clinging.fault() == nil)
    #expect(clinging.ec2.now.calls.contains("forced") && clinging.left.isEmpty)
  }

  @Test("is refused off EC2, in another zone or region and with another account's credentials, before anything is made")
  func elsewhere() async throws {
    let bench = bench()
    var options = bench.attaching
    options.zone = "eu-west-1b"
    #expect(await bench.fault(options)?.message.contains("is in eu-west-1a, and `zone` is eu-west-1b") == true)
    bench.ec2.change { $0.zone = "us-east-1a" }
    #expect(await bench.fault()?.message.contains("the snapshot in eu-west-1") == true)
    let host = AWSHost(environment: bench.ec2.environment.merging(["AWS_EC2_METADATA_DISABLED": "true"]) { $1 }, clocks: HostClocks())
    let engine = EBSEngine(bench.attaching, connection: AWSConnection(AWSSettings(), host: host))
    let fault = await #expect(throws: Fault.self) { try await engine.preflight(bench.context()) }
    #expect(fault?.message.contains("no EC2 instance") == true && fault?.code.verdict == .cannotDrill)
    #expect(!bench.ec2.now.calls.contains("CreateVolume"))
  }
}
