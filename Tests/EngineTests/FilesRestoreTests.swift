import DrillModel
import DrillTestSupport
import EngineFiles
import EngineKit
import Foundation
import Glibc
import Testing
import ToolRunner

/// Makes trees and archives and restores them.
private struct FilesBench {
  let scratch: EngineScratch

  init() throws { scratch = try EngineScratch() }

  /// An archive by GNU tar of what a shell script makes in an empty directory.
  func archive(_ script: String, _ options: [String] = [], of names: String = ".") throws -> String {
    let tree = scratch.path + "/tree"
    try FileManager.default.createDirectory(atPath: tree, withIntermediateDirectories: true)
    try HostProgram.run("/bin/sh", ["-ec", script], directory: tree)
    let path = scratch.path + "/b.tar"
    try HostProgram.run("/bin/sh", ["-ec", "tar \(options.joined(separator: " ")) -cf '\(path)' \(names)"], directory: tree)
    return path
  }

  /// An archive by Python's tarfile, whose members `body` adds to `t`.
  func crafted(_ body: String) throws -> String {
    let path = scratch.path + "/b.tar"
    let head = """
      import io, sys, tarfile
      t = tarfile.open(sys.argv[1], 'w', format=tarfile.GNU_FORMAT)
      def add(name, data=b'', **fields):
        m = tarfile.TarInfo(name)
        m.size = len(data)
        m.mode = 0o644
        for key, value in fields.items(): setattr(m, key, value)
        t.addfile(m, io.BytesIO(data))

      """
    try HostProgram.run("/usr/bin/env", ["python3", "-c", head + body + "\nt.close()\n", path])
    return path
  }

  func restore(
    _ path: String, limits: UnpackLimits = UnpackLimits(), special: FilesEngine.Special = .refuse
  ) async throws -> (root: String, notes: [String], probe: any FileProbe) {
    let (target, report) = try await EngineDrive.restore(FilesEngine(special: special), path, scratch.context(limits: limits))
    let probe = try #require(try await target.probes().files)
    return (probe.root, report.notes, probe)
  }

  func fault(_ path: String, limits: UnpackLimits = UnpackLimits()) async throws -> Fault {
    try #require(await #expect(throws: Fault.self) { try await restore(path, limits: limits) })
  }

  /// Whether the restored tree is what tar and diff say it should be.
  func expectSame(_ root: String) throws {
    let listing =
      "find . -mindepth 1 -printf '%y %m %U:%G %s %Ts %l %p\\n' | sed 's/^d \\([^ ]* [^ ]*\\) [0-9]* /d \\1 - /' | LC_ALL=C sort"
    let wanted = try HostProgram.run("/bin/sh", ["-ec", listing], directory: scratch.path + "/tree")
    let found = try HostProgram.run("/bin/sh", ["-ec", listing], directory: root)
    #expect(found == wanted)
    try HostProgram.run("/usr/bin/diff", ["-r", "--no-dereference", scratch.path + "/tree", root])
  }
}

private let someTree = """
  mkdir -p a/empty b; echo hello > a/file; : > zero; ln -s ../b a/link; ln -s /nowhere/else dangling; ln a/file hard
  printf 'x%.0s' $(seq 5000) > b/big; touch -d '2020-02-29 12:34:56' a/file a; chmod 600 b/big; chmod 555 a/empty; chmod 1777 b
  """

@Suite("Archives and directories")
struct FilesRestoreTests {
  @Test("what GNU tar packs comes back as it was, in every format", arguments: ["gnu", "pax", "ustar", "v7", "oldgnu"])
  func formats(_ format: String) async throws {
    let bench = try FilesBench()
    let (root, _, _) = try await bench.restore(try bench.archive(someTree, ["--format=\(format)"]))
    try bench.expectSame(root)
  }

  @Test(
    "harmless oddities restore",
    arguments: [
      (#"d=$(printf 'n%.0s' $(seq 90)); mkdir -p $d/$d/$d; echo 1 > $d/$d/$d/$d; ln -s $d/$d/$d/$d long"#, "gnu"),
      (#"d=$(printf 'n%.0s' $(seq 90)); mkdir -p $d/$d/$d; echo 1 > $d/$d/$d/$d; ln -s $d/$d/$d/$d long"#, "pax"),
      (
        #"printf x > "$(printf 'new\nline')"; printf x > "$(printf '\377bad')"; printf x > grün; printf x > ' lead'; printf x > 'a%b'"#,
        "gnu"
      ),
      (
        "truncate -s 3M hole; printf end >> hole; truncate -s 1M allhole; printf start | dd of=mid conv=notrunc status=none; truncate -s 2M mid",
        "gnu"
      ),
      (
        "truncate -s 3M hole; printf end >> hole; for i in $(seq 40); do printf x | dd of=many bs=1 seek=$((i * 65536)) conv=notrunc status=none; done",
        "pax"
      ),
    ])
  func oddities(_ script: String, _ format: String) async throws {
    let bench = try FilesBench()
    let (root, _, _) = try await bench.restore(try bench.archive(script, ["-S", "--format=\(format)"]))
    try bench.expectSame(root)
  }

  @Test("sparse pax maps of all three versions restore", arguments: ["0.0", "0.1", "1.0"])
  func sparse(_ version: String) async throws {
    let bench = try FilesBench()
    let script =
      "truncate -s 1M hole; printf end >> hole; printf x | dd of=hole bs=1 seek=500000 conv=notrunc status=none; touch -d @1000 hole"
    let (root, _, _) = try await bench.restore(try bench.archive(script, ["-S", "--format=pax", "--sparse-version=\(version)"]))
    try bench.expectSame(root)
  }

  @Test("a second zero block that is missing, and much padding, are no damage")
  func ends() async throws {
    let bench = try FilesBench()
    let whole = try Data(contentsOf: URL(fileURLWithPath: try bench.crafted("add('x', b'1')")))
    for size in [1536, 2048, 40_960] {
      let bytes = size <= whole.count ? whole.prefix(size) : whole + Data(count: size - whole.count)
      let other = try FilesBench()
      let (root, notes, _) = try await other.restore(try other.scratch.file("b", bytes))
      #expect(FileManager.default.contents(atPath: root + "/x") == Data("1".utf8))
      #expect(notes == [])
    }
  }

  @Test("names of several members restore the last of each, and an old-style directory is one")
  func duplicates() async throws {
    let bench = try FilesBench()
    let path = try bench.crafted(
      "add('x', b'1'); add('x', b'22'); add('l', type=tarfile.SYMTYPE, linkname='/etc/passwd'); add('l', b'333'); add('d/', mode=0o755); add('./d/../d2/x'[2:4] + 'y', b'4'); add('._x', b'5')"
    )
    let (root, notes, _) = try await bench.restore(path)
    #expect(FileManager.default.contents(atPath: root + "/x") == Data("22".utf8))
    #expect(FileManager.default.contents(atPath: root + "/l") == Data("333".utf8))
    #expect(notes.contains { $0.contains("more than once") })
  }

  @Test("a directory is copied as it is, links to one file included")
  func directory() async throws {
    let bench = try FilesBench()
    _ = try bench.archive(someTree)
    let (root, _, _) = try await bench.restore(bench.scratch.path + "/tree")
    try bench.expectSame(root)
    var first = stat()
    var second = stat()
    #expect(lstat(root + "/hard", &first) == 0 && lstat(root + "/a/file", &second) == 0)
    #expect(first.st_ino == second.st_ino)
  }

  @Test("set-id bits are withheld, noted, and known to a comparison")
  func setuid() async throws {
    let bench = try FilesBench()
    let (root, notes, probe) = try await bench.restore(
      try bench.crafted("add('bin/su', b'1', mode=0o4755); add('bin/ls', b'1', mode=0o755)"))
    var status = stat()
    #expect(lstat(root + "/bin/su", &status) == 0 && status.st_mode & 0o7777 == 0o755)
    #expect(probe.withheldModes == ["bin/su": 0o4755])
    #expect(notes.contains { $0.contains("bin/su") })
  }

  @Test(
    "an entry that leads out of the scratch directory is refused, and nothing is written outside",
    arguments: [
      "add('OUT/canary', b'x')", "add('../canary', b'x')", "add('a/../../../canary', b'x')", "add('..', b'x')",
      "add('l', type=tarfile.SYMTYPE, linkname='OUT'); add('l/canary', b'x')",
      "add('l', type=tarfile.SYMTYPE, linkname='OUT'); add('l', type=tarfile.DIRTYPE); add('l/canary', b'x')",
      "add('a', type=tarfile.SYMTYPE, linkname='.'); add('a/b', type=tarfile.SYMTYPE, linkname='OUT'); add('b/canary', b'x')",
      "add('h', type=tarfile.LNKTYPE, linkname='/etc/passwd')", "add('h', type=tarfile.LNKTYPE, linkname='../../secret')",
      "add('l', type=tarfile.SYMTYPE, linkname='OUT'); add('h', type=tarfile.LNKTYPE, linkname='l/secret')",
      "add('d', type=tarfile.CHRTYPE, devmajor=1, devminor=3)", "add('d', type=tarfile.BLKTYPE, devmajor=8)",
      "add('f', type=tarfile.FIFOTYPE)",
    ])
  func hostile(_ members: String) async throws {
    let bench = try FilesBench()
    let outside = bench.scratch.path + "/outside"
    try FileManager.default.createDirectory(atPath: outside, withIntermediateDirectories: false)
    try Data("s".utf8).write(to: URL(fileURLWithPath: outside + "/secret"))
    let path = try bench.crafted(members.split(separator: "OUT", omittingEmptySubsequences: false).joined(separator: outside))
    #expect(try await bench.fault(path).code == .unsafeContent)
    #expect(try FileManager.default.contentsOfDirectory(atPath: outside) == ["secret"])
    #expect(!FileManager.default.fileExists(atPath: bench.scratch.path + "/run/canary"))
  }

  @Test("a hard link to a symbolic link does not reach what that points to")
  func linkToLink() async throws {
    let bench = try FilesBench()
    let (root, _, _) = try await bench.restore(
      try bench.crafted(
        "add('l', type=tarfile.SYMTYPE, linkname='/etc/passwd'); add('h', type=tarfile.LNKTYPE, linkname='l'); add('h', b'x')"))
    #expect(FileManager.default.contents(atPath: root + "/h") == Data("x".utf8))
  }

  @Test("devices and FIFOs are left out where the drill says so")
  func special() async throws {
    let bench = try FilesBench()
    let path = try bench.crafted("add('f', type=tarfile.FIFOTYPE); add('x', b'1')")
    let (root, notes, _) = try await bench.restore(path, special: .skip)
    #expect(!FileManager.default.fileExists(atPath: root + "/f"))
    #expect(notes.contains { $0.contains("left out") })
  }

  @Test("bombs stop at the declared limits")
  func bombs() async throws {
    let bench = try FilesBench()
    let many = try bench.crafted("[add('f%d' % i) for i in range(200)]")
    #expect(try await bench.fault(many, limits: UnpackLimits(entries: 100)).code == .unsafeContent)
    let large = try FilesBench()
    #expect(try await large.fault(try large.crafted("add('x', b'0' * 100000)"), limits: UnpackLimits(bytes: 50_000)).code == .unsafeContent)
    let hollow = try FilesBench()
    let path = try hollow.archive("truncate -s 8T hole", ["-S"])
    #expect(try await hollow.fault(path).code == .unsafeContent)
  }

  @Test("an archive cut anywhere fails as cut", arguments: [513, 1000, 2048, 5000, 6144])
  func cut(_ count: Int) async throws {
    let bench = try FilesBench()
    let path = try bench.crafted("[add('f%d' % i, b'x' * 700) for i in range(4)]")
    let fault = try await bench.fault(try bench.scratch.file("cut", try Data(contentsOf: URL(fileURLWithPath: path)).prefix(count)))
    #expect(fault.code == .backupTruncated, "\(fault)")
  }

  @Test("a flipped byte in a header is damage, with its place")
  func flipped() async throws {
    let bench = try FilesBench()
    let whole = try Data(contentsOf: URL(fileURLWithPath: try bench.crafted("add('first', b'x' * 700); add('second', b'y')")))
    for offset in [10, 1536 + 130] {
      var bytes = whole
      bytes[offset] ^= 1
      let fault = try await FilesBench().fault(try bench.scratch.file("bad", bytes))
      #expect(fault.code == .backupDamaged)
      if offset > 512 { #expect(fault.message.contains("after first")) }
    }
  }

  @Test("what is no tar archive is named")
  func foreign() throws {
    func code(_ bytes: some Sequence<UInt8>) -> FaultCode? {
      #expect(throws: Fault.self) { try FilesEngine().inspect(ContentHead(name: "b", bytes: Array(bytes))) }?.code
    }
    #expect(code("PK\u{3}\u{4}xx".utf8) == .backupWrongFormat)
    #expect(code("hello".utf8) == .backupWrongFormat)
    #expect(code([UInt8](repeating: 0, count: 10_240)) == .backupEmpty)
    #expect(code("age-encryption.org/v1\n".utf8) == .backupEncrypted)
    #expect(code([0x85, 2, 0x0C, 3] + [UInt8](repeating: 7, count: 600)) == .backupEncrypted)
    #expect(code((0..<8192).map { _ in UInt8.random(in: 0...255) }) == .backupEncrypted)
  }

  @Test("an empty directory is told to be empty")
  func emptyDirectory() async throws {
    let bench = try FilesBench()
    try FileManager.default.createDirectory(atPath: bench.scratch.path + "/none", withIntermediateDirectories: false)
    #expect(try await bench.fault(bench.scratch.path + "/none").code == .backupEmpty)
  }
}
