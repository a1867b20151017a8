import DrillTestSupport
import Glibc
import Testing

@Suite("EBS drills from the command line", .serialized)
struct EBSRunTests {
  private func bench(
    from: String = "ebs:vol-0123456789abcdef0", restore: String = "zone: eu-west-1a", files: String = "{min: 1}",
    intervene: @escaping @Sendable (String, Int) -> ScriptedRDS.Intervention? = { _, _ in nil },
    change: (inout ScriptedEC2.State) -> Void = { _ in }
  ) -> (site: ScratchSite, ec2: ScriptedEC2) {
    var state = ScriptedEC2.State()
    state.snapshots = [
      ScriptedEC2.Snapshot("snap-00000001", started: BackupStamp.rfc3339(.seconds(93_600))),
      ScriptedEC2.Snapshot("snap-00000002", started: BackupStamp.rfc3339(.seconds(7200))),
    ]
    change(&state)
    let site = ScratchSite()
    site.drill("d", "backup: {from: \"\(from)\"}\nrestore: {engine: ebs, \(restore)}\nchecks:\n  - files: \(files)\n")
    return (site, ScriptedEC2(state, intervene: intervene))
  }

  /// The same on an instance, with a disk that is plugged in when a volume is attached.
  private func attached(
    files: String = "{min: 2, required: [etc/app.conf]}", image: (String) throws -> Void = { _ in }
  ) throws -> (site: ScratchSite, ec2: ScriptedEC2, disk: LoopDisk) {
    let made = LoopDisk(files: ["etc/app.conf": "x = 1\n", "data/one": "1"], change: image)
    let disk = try #require(made)
    let (site, ec2) = bench(restore: "attach: {}", files: files, change: { ($0.disk, $0.whileMaking) = (disk, ["available"]) })
    return (site, ec2, disk)
  }

  /// Volumes that are there and not deleted.
  private func left(_ ec2: ScriptedEC2) -> [String] { ec2.now.volumes.filter { $0.states != ["deleted"] }.map(\.id) }

  @Test("make a volume of the newest snapshot and delete it; what nobody looked into is never more than could_not_verify")
  func unattached() async throws {
    let (site, ec2) = bench()
    let result = await site.runJSON("d", environment: ec2.environment)
    let record = result.record
    #expect(result.status == 2 && record["verdict"].text == "could_not_verify", "\(result.said)")
    #expect(record["recovery_point"]["id"].text == "snap-00000002" && record["recovery_point"]["time_origin"].text == "metadata")
    #expect(record.reasonTexts.contains("not attached"))
    #expect(record["cleanup"]["resources"].items.contains { $0["kind"].text == "ebs-volume" && $0["state"].text == "destroyed" })
    #expect(ec2.now.volumes.count == 1 && left(ec2).isEmpty)
    await site.expectClean()
  }

  @Test("pass over what is pending, and are red for a newest snapshot that failed or lies in the archive, with how to bring it back")
  func rejected() async throws {
    let (site, ec2) = bench(change: {
      $0.snapshots.append(ScriptedEC2.Snapshot("snap-00000003", started: BackupStamp.rfc3339(.seconds(4000))))
    })
    ec2.change { $0.snapshots[2].state = "pending" }
    #expect(await site.runJSON("d", environment: ec2.environment).record["verdict"].text == "could_not_verify")
    ec2.change { ($0.snapshots[2].state, $0.snapshots[2].tier) = ("completed", "archive") }
    let archived = await site.runJSON("d", environment: ec2.environment)
    #expect(archived.record["verdict"].text == "failed" && archived.said.contains("restore-snapshot-tier"), "\(archived.said)")
    ec2.change { ($0.snapshots[2].state, $0.snapshots[2].tier) = ("error", "standard") }
    #expect(await site.runJSON("d", environment: ec2.environment).record["verdict"].text == "failed")
    ec2.change { ($0.snapshots, $0.whileMaking) = ([$0.snapshots[1]], ["creating", "error"]) }
    let broken = await site.runJSON("d", environment: ec2.environment)
    #expect(broken.record["verdict"].text == "failed" && left(ec2).isEmpty, "\(broken.said)")
  }

  @Test(
    "are red where the file system turns out to be damaged at a file, whether the check counts it or asks for it",
    .enabled(if: LoopDisk.absence == nil, Comment(rawValue: LoopDisk.absence ?? "")),
    arguments: ["{min: 2}", "{required: [data/one]}"])
  func damaged(_ files: String) async throws {
    let (site, ec2, disk) = try attached(files: files) { path in
      _ = try HostProgram.run("/usr/sbin/debugfs", ["-w", "-R", "sif data/one mode 0", path])
    }
    let environment = ec2.environmentOfInstance.merging(["DRILLMARK_HARDWARE_ROOT": disk.root]) { $1 }
    let result = await site.runJSON("d", environment: environment)
    #expect(result.status == 1 && result.record["verdict"].text == "failed", "\(result.said)")
    #expect(result.said.contains("Structure needs cleaning") && left(ec2).isEmpty && disk.mountPoints.isEmpty, "\(result.said)")
  }

  @Test("need the engine that belongs to the source, and say so without blaming the backup")
  func otherEngine() async throws {
    let (site, ec2) = bench()
    site.drill("d", "backup: {from: \"ebs:vol-0123456789abcdef0\"}\nrestore: {engine: files}\nchecks:\n  - files: {min: 1}\n")
    let result = await site.runJSON("d", environment: ec2.environment)
    #expect(result.record["verdict"].text == "cannot_drill" && result.record.reasonTexts.contains("restores files"), "\(result.said)")
    #expect(!ec2.now.calls.contains("CreateVolume"))
  }

  @Test("survive a lost reply with one volume, and a refusal names the permission")
  func replies() async throws {
    let (site, ec2) = bench(intervene: { action, count in action == "CreateVolume" && count == 0 ? .after(.cut) : nil })
    let result = await site.runJSON("d", environment: ec2.environment)
    #expect(result.record["verdict"].text == "could_not_verify" && ec2.now.volumes.count == 1 && left(ec2).isEmpty, "\(result.said)")
    let (other, denied) = bench(intervene: { action, _ in
      action == "CreateVolume" ? .instead(ScriptedEC2.error("UnauthorizedOperation", status: 403)) : nil
    })
    let refused = await other.runJSON("d", environment: denied.environment)
    #expect(refused.record["verdict"].text == "cannot_drill" && refused.said.contains("ec2:CreateVolume"), "\(refused.said)")
  }

  @Test("killed at any step around the volume: the next start deletes it, and no volume that is older, another's or in use")
  func killed() async throws {
    let (site, ec2) = bench(change: { $0.whileMaking = ["available"] })
    let log = "\(site.path)/steps"
    _ = await site.runJSON("d", environment: ec2.environment.merging(["DRILLMARK_CRASH_LOG": log]) { $1 })
    let around = TextFile.read(log).split(separator: "\n").map(String.init).filter { $0.contains("ebs-volume") || $0 == "intended:2" }
    #expect(around.contains("made ebs-volume, not recorded"), "\(around)")
    for step in around {
      let killed = await site.runJSON("d", environment: ec2.environment.merging(["DRILLMARK_CRASH_AT": step]) { $1 })
      #expect(killed.status == 128 + SIGKILL, "\(step): \(killed.said)")
      let cleanup = await site.run("cleanup", environment: ec2.environment)
      #expect(cleanup.status == 0 && left(ec2).isEmpty, "\(step): \(cleanup.said)")
    }
    let killed = await site.runJSON(
      "d", environment: ec2.environment.merging(["DRILLMARK_CRASH_AT": "made ebs-volume, not recorded"]) { $1 })
    #expect(killed.status == 128 + SIGKILL)
    // Tags were copied to a volume of production, which is older.
    ec2.change { $0.volumes[$0.volumes.count - 1].created = "2020-01-01T00:00:00.000Z" }
    let refused = await site.run("cleanup", environment: ec2.environment)
    #expect(refused.status == 1 && refused.said.contains("older than the run") && left(ec2).count == 1, "\(refused.said)")
    #expect(refused.said.contains("aws ec2 delete-volume"))
    await site.expectClean()
  }

  @Test(
    "on an instance the volume is attached, mounted and looked into: green for what is there, red for what is not, and nothing stays",
    .enabled(if: LoopDisk.absence == nil, Comment(rawValue: LoopDisk.absence ?? "")))
  func lookedInto() async throws {
    let (site, ec2, disk) = try attached()
    let result = await site.runJSON("d", environment: ec2.environmentOfInstance)
    #expect(result.status == 0 && result.record["verdict"].text == "passed", "\(result.said)")
    let kinds = result.record["cleanup"]["resources"].items.map { "\($0["kind"].text ?? "") \($0["state"].text ?? "")" }
    #expect(kinds.sorted() == ["directory", "ebs-attachment", "ebs-mount", "ebs-volume"].map { "\($0) destroyed" }, "\(kinds)")
    #expect(result.record["environment"]["engine"].text?.contains(ScriptedEC2.instance) == true)
    site.drill(
      "e",
      "backup: {from: \"ebs:vol-0123456789abcdef0\"}\nrestore: {engine: ebs, attach: {}}\nchecks:\n  - files: {required: [etc/gone.conf]}\n"
    )
    let red = await site.runJSON("e", environment: ec2.environmentOfInstance)
    #expect(red.status == 1 && red.record["verdict"].text == "failed" && red.said.contains("etc/gone.conf: missing"), "\(red.said)")
    #expect(left(ec2).isEmpty && disk.mountPoints.isEmpty && !ec2.now.calls.contains("detached while mounted"))
    let off = await site.runJSON("d", environment: ec2.environment)
    #expect(off.status == 2 && off.record["verdict"].text == "cannot_drill" && off.said.contains("no EC2 instance"), "\(off.said)")
    await site.expectClean()
  }

  @Test(
    "killed while a volume is attached and mounted: the next start takes all of it down, and a living run keeps its own",
    .enabled(if: LoopDisk.absence == nil, Comment(rawValue: LoopDisk.absence ?? "")))
  func killedWithMount() async throws {
    let (site, ec2, disk) = try attached()
    for step in ["made ebs-attachment, not recorded", "made ebs-mount, not recorded", "gone ebs-mount, not recorded"] {
      let killed = await site.runJSON("d", environment: ec2.environmentOfInstance.merging(["DRILLMARK_CRASH_AT": step]) { $1 })
      #expect(killed.status == 128 + SIGKILL, "\(step): \(killed.said)")
      #expect(left(ec2).count == 1 && disk.mountPoints.isEmpty == !step.hasPrefix("made ebs-mount"), "\(step)")
      let cleanup = await site.run("cleanup", environment: ec2.environmentOfInstance)
      #expect(cleanup.status == 0 && left(ec2).isEmpty && disk.mountPoints.isEmpty, "\(step): \(cleanup.said)")
    }
    let waiting = "backup: {from: \"ebs:vol-0123456789abcdef0\"}\nrestore: {engine: ebs, attach: {}}\nchecks:\n  - files: {min: 2}\n"
    site.drill(
      "d", waiting + "  - command: {run: [sh, -c, 'touch \(site.path)/there; while [ -e \(site.path)/there ]; do sleep 0.2; done']}\n")
    let alive = site.start(["run", "d", "--json"], environment: ec2.environmentOfInstance)
    for _ in 0..<600 where access("\(site.path)/there", F_OK) != 0 { try await Task.sleep(for: .milliseconds(100)) }
    let meanwhile = await site.run("cleanup", environment: ec2.environmentOfInstance)
    #expect(meanwhile.status == 0 && disk.mountPoints.count == 1 && left(ec2).count == 1, "\(meanwhile.said)")
    unlink("\(site.path)/there")
    let ended = await alive.result()
    #expect(ended.status == 0 && disk.mountPoints.isEmpty && left(ec2).isEmpty, "\(ended.said)")
    #expect(!ec2.now.calls.contains("detached while mounted"))
    await site.expectClean()
  }
}
