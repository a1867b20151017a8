import DrillModel
import DrillTestSupport
import Glibc
import Testing

@testable import ToolRunner

private let hasLandlock = Isolation.current.landlock != nil
private let isRoot = Isolation.current.hasOwnUser

@Suite("The box")
struct BoxTests {
  /// A box with the shell and a few plain programs, to try things from.
  private func box(executable: [String] = [], writable: [String] = [], network: Bool = false, processes: Int? = nil) throws -> Box {
    let programs = try ["sh", "cat", "true", "id", "touch"].map { try tools().locate($0) }
    return Box(executable: programs + executable, writable: writable, network: network, processes: processes)
  }

  private func attempt(_ script: String, _ box: Box) async throws -> ToolExit { try await tools().run(shell(script, box: box)) }

  @Test("what is allowed works: the program, its libraries, its own directory")
  func allowed() async throws {
    let folder = TemporaryFolder()
    let exit = try await attempt("cd \(folder.path) && echo x >a && cat a && true </dev/null", try box(writable: [folder.path]))
    #expect(exit.isSuccess && exit.outputText == "x\n", "\(exit.errorText)")
  }

  @Test("writing outside is refused", .enabled(if: hasLandlock, "needs Landlock"))
  func writing() async throws {
    let (inside, outside) = (TemporaryFolder(), TemporaryFolder())
    let exit = try await attempt("echo x >\(outside.path)/a", try box(writable: [inside.path]))
    #expect(!exit.isSuccess && access("\(outside.path)/a", F_OK) != 0)
  }

  @Test("reading /etc/shadow is refused", .enabled(if: hasLandlock || isRoot, "needs Landlock or root"))
  func reading() async throws {
    #expect(try await !attempt("cat /etc/shadow", try box()).isSuccess)
  }

  @Test("executing a program that is not allowed is refused", .enabled(if: hasLandlock, "needs Landlock"))
  func executing() async throws {
    let denied = try await attempt("/usr/bin/env", try box())
    #expect(denied.status == .exited(126))
    #expect(try await attempt("/usr/bin/env", try box(executable: ["/usr/bin/env"])).isSuccess)
    let cat = Box(executable: [try tools().locate("cat")])
    let fault = await #expect(throws: Fault.self) { try await tools().run(ToolCommand("/bin/sh", ["-c", "true"], box: cat)) }
    #expect(fault?.code == .permissionDenied)
  }

  @Test("TCP is refused without the network and works with it", .enabled(if: Isolation.current.description.contains("no")))
  func network() async throws {
    let bash = try tools().locate("bash")
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(listener) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        #expect(bind(listener, $0, length) == 0 && listen(listener, 5) == 0 && getsockname(listener, $0, &length) == 0)
      }
    }
    let script = "exec 5<>/dev/tcp/127.0.0.1/\(UInt16(bigEndian: address.sin_port))"
    var command = ToolCommand(bash, ["-c", script], box: Box(executable: [bash]))
    #expect(try await !tools().run(command).isSuccess)
    command.box?.network = true
    #expect(try await tools().run(command).isSuccess)
  }

  @Test("starting a process is refused with none allowed", .enabled(if: isRoot, "needs root, to have a user without processes"))
  func forking() async throws {
    let folder = TemporaryFolder()
    let claimed = try #require(try BoxUsers.claim(lockDirectory: folder.path))
    var limited = try box(processes: 0)
    limited.user = claimed.user
    let denied = try await attempt("cat /dev/null; echo not reached", limited)
    #expect(!denied.isSuccess && !denied.outputText.contains("not reached"))
    limited.processes = 4
    #expect(try await attempt("cat /dev/null", limited).isSuccess)
  }

  @Test("a claimed user is nobody else's, has a name in its box, and no rights left", .enabled(if: isRoot, "needs root"))
  func user() async throws {
    let folder = TemporaryFolder()
    let (one, two) = (
      try #require(try BoxUsers.claim(lockDirectory: folder.path)), try #require(try BoxUsers.claim(lockDirectory: folder.path))
    )
    #expect(one.user != two.user)
    var own = try box()
    own.user = one.user
    own.readable = ["/proc"]
    let exit = try await attempt("id -u; id -un; id -G; cat /proc/self/status", own)
    let lines = exit.outputText.split(separator: "\n").map(String.init)
    #expect(Array(lines.prefix(3)) == ["\(one.user.uid)", "drillmark", "\(one.user.gid)"])
    for capability in ["CapEff", "CapPrm", "CapBnd", "CapAmb"] { #expect(lines.contains("\(capability):\t0000000000000000")) }
    #expect(lines.contains("NoNewPrivs:\t1"))
  }

  @Test("root without a user of its own has no capability in the box", .enabled(if: isRoot, "needs root"))
  func boundedRoot() async throws {
    var own = try box()
    own.readable = ["/proc"]
    let exit = try await attempt("cat /proc/self/status", own)
    #expect(exit.outputText.contains("CapEff:\t0000000000000000"))
  }

  @Test("the limit on memory holds")
  func memory() async throws {
    let copy = try tools().locate("dd")
    let arguments = ["if=/dev/zero", "of=/dev/null", "bs=256M", "count=1"]
    #expect(try await !tools().run(ToolCommand(copy, arguments, box: Box(executable: [copy], memory: 128 << 20))).isSuccess)
    #expect(try await tools().run(ToolCommand(copy, arguments, box: Box(executable: [copy], memory: 512 << 20))).isSuccess)
  }

  @Test("root that lost a capability which box users take is told which")
  func capabilities() {
    #expect(BoxUsers.missingCapabilities("Name:\tx\nCapEff:\t000001ffffffffff\n").isEmpty)
    #expect(BoxUsers.missingCapabilities("CapEff:\t00000000a80425fb").isEmpty, "what Docker gives by default")
    #expect(BoxUsers.missingCapabilities("CapEff:\t00000000a80425db") == ["kill"])
    #expect(BoxUsers.missingCapabilities("CapEff:\t0000000000000000") == ["chown", "kill", "setgid", "setuid"])
    #expect(BoxUsers.missingCapabilities("").isEmpty && BoxUsers.missingCapabilities("CapEff:\tnone").isEmpty)
  }

  @Test("what holds is said in words")
  func words() {
    var isolation = Isolation(landlock: 7, hasOwnUser: true, hasOwnNetwork: true, hasOwnMounts: true)
    #expect(isolation.description == "own user, Landlock 7, no network, own /run and /tmp")
    isolation.hasOwnMounts = false
    #expect(isolation.description == "own user, Landlock 7, no network")
    let user = Isolation(landlock: 5, hasOwnUser: false, hasOwnNetwork: false, hasOwnMounts: false)
    #expect(user.description == "Landlock 5, no TCP")
    #expect(Isolation(landlock: nil, hasOwnUser: false, hasOwnNetwork: false, hasOwnMounts: false).description == "none")
  }

  @Test("without Landlock nothing less than a user, a network and mounts of its own is enough")
  func sufficient() {
    for missing in 0...3 {
      let isolation = Isolation(landlock: nil, hasOwnUser: missing != 1, hasOwnNetwork: missing != 2, hasOwnMounts: missing != 3)
      #expect(isolation.isSufficient == (missing == 0))
    }
    #expect(Isolation(landlock: 1, hasOwnUser: false, hasOwnNetwork: false, hasOwnMounts: false).isSufficient)
  }

  @Test("a program that is not there, and a directory that is not, are clear faults")
  func missing() async throws {
    let absent = await #expect(throws: Fault.self) { try await tools().run(ToolCommand("/nonexistent/tool")) }
    #expect(absent?.code == .toolMissing && absent?.message.contains("/nonexistent/tool") == true)
    let nowhere = await #expect(throws: Fault.self) { try await tools().run(ToolCommand("/bin/true", directory: "/nonexistent")) }
    #expect(nowhere?.message.contains("/nonexistent") == true)
    let unknown = #expect(throws: Fault.self) { try tools().locate("no-such-tool", package: "some-package") }
    #expect(unknown?.code == .toolMissing && unknown?.advice?.contains("some-package") == true)
    #expect(try tools().locate("sh", in: ["/etc"], package: nil).hasSuffix("/sh"), "a directory without it is passed over")
  }
}
