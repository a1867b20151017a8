import AWSKit
import CSystem
import DrillModel
import EngineKit
import Glibc
import ToolRunner

/// The mount of a run's volume, below a directory of the run's that nobody but root may enter: the files in it belong to whom the snapshot
/// says, who may be anybody here.
struct VolumeMount: Sendable {
  static let kind = "ebs-mount"
  /// How long what holds it open is waited for before it is taken out of sight.
  private static let politeness = Duration.seconds(10)
  private static let deadline = Duration.seconds(300)

  let run: RunID
  let pace: Pace
  private let enclosure: String

  init(scratch: String, run: RunID, pace: Pace) {
    self.run = run
    self.pace = pace
    enclosure = "\(scratch)/volume"
  }

  /// Reads a row; nil when we did not write it for that run.
  init?(row: ScratchResource, run: RunID, pace: Pace) {
    let end = "/\(ScratchName.of(run))/volume/root"
    guard row.kind == VolumeMount.kind, row.name.hasPrefix("/"), row.name.hasSuffix(end), !row.name.contains("/../") else { return nil }
    self.init(scratch: String(row.name.dropLast("/volume/root".count)), run: run, pace: pace)
  }

  var root: String { "\(enclosure)/root" }
  var row: ScratchResource { ScratchResource(kind: VolumeMount.kind, name: root) }

  // MARK: Mounting

  static func program(_ tools: any ToolRunning) throws -> String { try tools.locate("mount", in: ["/usr/bin", "/bin"], package: "mount") }

  /// - Throws: `Fault` with code `permission_denied` for a process that may not mount (capabilities(7): CAP_SYS_ADMIN).
  static func confirmRights() throws {
    let status = KernelFile.text("/proc/self/status", limit: 1 << 14)
    let line = (status ?? "").split(separator: "\n").first { $0.hasPrefix("CapEff:") }
    let effective = line.flatMap { UInt64($0.dropFirst(7).filter { $0.isHexDigit }, radix: 16) } ?? .max
    guard geteuid() == 0, effective & 1 << 21 != 0 else {
      throw Fault(
        .permissionDenied, "the volume cannot be mounted: that takes root with the capability sys_admin",
        advice: "Run the drill as root, or leave `attach` out")
    }
  }

  func makeDirectories() throws {
    for path in [enclosure, root] {
      guard mkdir(path, 0o700) == 0, chmod(path, 0o700) == 0 else {
        throw Fault(.scratchUnusable, "cannot make \(path): \(String(cString: strerror(errno)))")
      }
    }
  }

  /// Mounts a device so that nothing in it can run, be a device or give rights, and proves afterwards what is mounted.
  func mount(
    _ device: BlockDevices.Device, _ fileSystem: EBSOptions.FileSystem, _ journal: EBSOptions.Journal, tools: any ToolRunning
  ) async throws {
    // Without helpers (-i), which would be chosen by what the volume says it is.
    let arguments = [
      "-i", "-t", fileSystem.rawValue, "-o", VolumeMount.options(fileSystem, journal), "--source", device.path, "--target", root,
    ]
    let exit = try await tools.run(ToolCommand(try VolumeMount.program(tools), arguments), deadline: VolumeMount.deadline)
    try Task.checkCancellation()
    guard exit.isSuccess else { throw VolumeMount.refusal(exit, fileSystem) }
    let found = try MountTable.current().top(at: root)
    guard let found, found.number == device.number, found.options.contains("ro") else {
      throw Fault(.scratchUnusable, "what was mounted at \(root) is not \(device.path), read-only", advice: "See findmnt")
    }
  }

  /// A superblock can ask for a panic of the machine at the first error (`errors=panic`), which is overruled.
  private static func options(_ fileSystem: EBSOptions.FileSystem, _ journal: EBSOptions.Journal) -> String {
    var options = ["ro", "nosuid", "nodev", "noexec"]
    switch fileSystem {
    case .ext4: options += ["errors=remount-ro"] + (journal == .skip ? ["noload"] : [])
    case .xfs: options += ["nouuid"] + (journal == .skip ? ["norecovery"] : [])
    }
    return options.joined(separator: ",")
  }

  /// What the kernel's refusal says of the file system, told from what it says of the machine.
  static func refusal(_ exit: ToolExit, _ fileSystem: EBSOptions.FileSystem) -> Fault {
    let said = InertText.line(exit.errorText, limit: 300)
    let words = "the volume's \(fileSystem.rawValue) file system cannot be mounted: \(said.isEmpty ? "\(exit.status)" : said)"
    if exit.status == .timedOut { return Fault(.scratchUnusable, "mounting the volume took longer than \(deadline.readable)") }
    if said.contains("unknown filesystem type") {
      return Fault(.toolMissing, words, advice: "This machine's kernel lacks \(fileSystem.rawValue): modprobe \(fileSystem.rawValue)")
    }
    if said.contains("permission denied") || said.contains("must be superuser") || said.contains("not permitted") {
      return Fault(.permissionDenied, words, advice: "In a container, mounting takes the capability sys_admin and the device")
    }
    let ofBackup = ["needs cleaning", "Bad message", "bad superblock", "can't read superblock", "Input/output error"]
    if ofBackup.contains(where: { said.contains($0) }) {
      return Fault(
        .backupDamaged, words,
        advice: "See dmesg: it tells damage from a feature that is newer than this kernel, for which the drill needs a newer one")
    }
    return Fault(.toolFailed, words, advice: "See dmesg")
  }

  // MARK: Looking

  /// A directory in it, reached through directories alone.
  ///
  /// - Throws: `Fault` with code `backup_damaged` when it is not there.
  func directory(_ path: String?) throws -> String {
    guard let path else { return root }
    var current = root
    for part in path.split(separator: "/") where part != "." {
      current += "/\(part)"
      var status = stat()
      guard lstat(current, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
        throw Fault(.backupDamaged, "the volume holds no directory \(path)", advice: "Correct `attach.path`, or see what became of it")
      }
    }
    return current
  }

  // MARK: Removing

  /// Takes off whatever is mounted there. Nothing there is a success. Something that stays open keeps it from sight, and no longer than it
  /// lives.
  ///
  /// - Throws: `Fault` with code `scratch_unusable`.
  func remove() async throws {
    guard try MountTable.current().top(at: root) != nil else { return }
    let directory = ScratchDirectory(path: String(enclosure.dropLast("/volume".count)), run: run)
    guard directory.isMarked else {
      throw Fault(.scratchUnusable, "\(root) is left alone: \(directory.path) does not carry the marker of run \(run)")
    }
    var waited = Duration.zero
    while true {
      let (root, isLazy) = (root, waited >= VolumeMount.politeness)
      let code = try await onThread("unmount") { csystem_unmount(root, isLazy ? 1 : 0) }
      switch -code {
      // Something else may lie below it.
      case 0: continue
      case EINVAL, ENOENT, ENOTDIR:
        // EINVAL is also what a file system of another mount namespace would give.
        guard try MountTable.current().top(at: root) != nil else { return }
        throw stays(EINVAL)
      case EBUSY:
        try await pace.sleep(.milliseconds(500))
        waited += .milliseconds(500)
      default: throw stays(-code)
      }
    }
  }

  private func stays(_ code: Int32) -> Fault {
    Fault(
      .scratchUnusable, "\(root) cannot be unmounted: \(String(cString: strerror(code)))",
      advice: "Unmount it by hand: umount '\(root)'")
  }
}
