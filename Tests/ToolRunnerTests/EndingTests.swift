import CSystem
import DrillModel
import DrillTestSupport
import Glibc
import Synchronization
import Testing

@testable import ToolRunner

@Suite("Ending a program with all it started")
struct EndingTests {
  /// Starts a script that prints the pids of its descendants, one a line, and waits for `count` of them.
  private func start(_ script: String, grace: Duration, count: Int) async throws -> (any RunningTool, [Int32]) {
    let (pids, feed) = AsyncStream.makeStream(of: Int32.self)
    var command = shell(script, grace: grace)
    command.output = .lines { line in if let pid = Int32(line) { feed.yield(pid) } }
    let tool = try tools().start(command)
    var found: [Int32] = []
    for await pid in pids {
      found.append(pid)
      if found.count == count { break }
    }
    return (tool, found)
  }

  @Test("a program that ignores TERM is killed after its grace")
  func stubbornLeader() async throws {
    let (tool, pids) = try await start("trap '' TERM; echo $$; while :; do sleep 0.1; done", grace: .milliseconds(300), count: 1)
    let clock = ContinuousClock.now
    tool.stop(as: .cancelled)
    #expect(await tool.exit().status == .cancelled)
    #expect(.now - clock >= .milliseconds(290))
    #expect(.now - clock < .seconds(60))
    #expect(!isAlive(pids[0]))
  }

  @Test("a program that heeds TERM ends within its grace, and its own last words arrive")
  func politeLeader() async throws {
    let script = "trap 'echo bye >&2; exit 0' TERM; echo $$; while :; do sleep 0.05; done"
    let (tool, _) = try await start(script, grace: .seconds(200), count: 1)
    tool.stop(as: .timedOut)
    let exit = await tool.exit()
    #expect(exit.status == .timedOut)
    #expect(exit.errorText.hasSuffix("bye\n"))
    #expect(exit.elapsed < .seconds(100))
  }

  @Test("a grandchild that ignores TERM does not outlive its leader")
  func stubbornGrandchild() async throws {
    let script = "sh -c 'trap \"\" TERM; echo $$; while :; do sleep 0.1; done' & echo $$; wait"
    let (tool, pids) = try await start(script, grace: .milliseconds(300), count: 2)
    tool.stop(as: .cancelled)
    _ = await tool.exit()
    #expect(pids.allSatisfy { !isAlive($0) })
  }

  @Test("a runaway in a session of its own is swept, after a stop and after an ordinary end")
  func runaway() async throws {
    let script = "setsid sh -c 'trap \"\" TERM HUP; echo $$; while :; do sleep 0.1; done' & sleep 0.3;"
    let (stopped, first) = try await start(script + "wait", grace: .milliseconds(200), count: 1)
    #expect(isAlive(first[0]))
    stopped.stop(as: .cancelled)
    _ = await stopped.exit()
    #expect(!isAlive(first[0]))
    let (ended, second) = try await start(script + "exit 5", grace: .milliseconds(200), count: 1)
    #expect(await ended.exit().status == .exited(5))
    #expect(!isAlive(second[0]))
  }

  @Test("a grandchild that keeps a pipe open does not hold up the exit")
  func heldPipe() async throws {
    let exit = try await tools().run(shell("setsid sleep 600 & echo said; exit 0"))
    #expect(exit.isSuccess && exit.outputText == "said\n")
    #expect(exit.elapsed < .seconds(300))
  }

  @Test("a passed deadline ends the program and says so; one not reached changes nothing")
  func deadline() async throws {
    let late = try await tools().run(shell("sleep 600", grace: .milliseconds(100)), deadline: .milliseconds(200))
    #expect(late.status == .timedOut)
    #expect(late.elapsed < .seconds(300))
    #expect(try await tools().run(shell("exit 2"), deadline: .seconds(60)).status == .exited(2))
  }

  @Test("cancelling the task ends the program")
  func cancellation() async throws {
    let (pids, feed) = AsyncStream.makeStream(of: Int32.self)
    var command = shell("echo $$; sleep 60")
    command.output = .lines { line in if let pid = Int32(line) { feed.yield(pid) } }
    let given = command
    let task = Task { try await tools().run(given) }
    var iterator = pids.makeAsyncIterator()
    let pid = try #require(await iterator.next())
    task.cancel()
    #expect(try await task.value.status == .cancelled)
    #expect(!isAlive(pid))
  }

  @Test("stopping what has ended, or stopping twice, changes nothing")
  func stoppedLate() async throws {
    let tool = try tools().start(shell("exit 6"))
    #expect(await tool.exit().status == .exited(6))
    tool.stop(as: .cancelled)
    #expect(await tool.exit().status == .exited(6))
    let other = try tools().start(shell("sleep 60"))
    other.stop(as: .timedOut)
    other.stop(as: .cancelled)
    #expect(await other.exit().status == .timedOut)
  }

  @Test("kill -9 of the supervisor kills the program")
  func supervisorKilled() async throws {
    let (tool, pids) = try await start("echo $$; echo $PPID; while :; do sleep 0.1; done", grace: .seconds(5), count: 2)
    kill(pids[1], SIGKILL)
    #expect(await tool.exit().status == .signalled(SIGKILL))
    #expect(!isAlive(pids[0]))
  }

  @Test("kill -9 of whoever holds the control pipe ends the program, its children and its runaways at once")
  func parentKilled() async throws {
    let folder = TemporaryFolder()
    let pidFile = "\(folder.path)/pids"
    let script = "echo $$ >>\(pidFile); setsid sh -c 'trap \"\" TERM; echo $$ >>\(pidFile); while :; do sleep 0.1; done' & sleep 600"
    let holder = try startSupervised(shell(script, grace: .milliseconds(300)), run: "ORPHANED")
    var pids: [Int32] = []
    for _ in 0..<200 where pids.count < 2 {
      try await Task.sleep(for: .milliseconds(25))
      pids = String(decoding: contents(of: pidFile) ?? [], as: UTF8.self).split(separator: "\n").compactMap { Int32($0) }
    }
    #expect(pids.count == 2 && pids.allSatisfy { isAlive($0) })
    kill(holder.pid, SIGKILL)
    var status: Int32 = 0
    waitpid(holder.pid, &status, 0)
    for _ in 0..<200 where pids.contains(where: { isAlive($0) }) { try await Task.sleep(for: .milliseconds(25)) }
    #expect(pids.allSatisfy { !isAlive($0) })
    waitpid(holder.supervisor, &status, 0)
  }

  @Test("a supervisor is found by its run too, and by no other's")
  func supervisorSwept() async throws {
    let holder = try startSupervised(shell("trap '' TERM; exec sleep 600"), run: "01JSWEPTSUPERVISOR")
    let name = String(decoding: contents(of: "/proc/\(holder.supervisor)/comm") ?? [], as: UTF8.self)
    #expect(name == "dm:PTSUPERVISOR\n")
    let arguments = String(decoding: contents(of: "/proc/\(holder.supervisor)/cmdline") ?? [], as: UTF8.self)
    #expect(arguments.hasPrefix("drillmark: supervisor"))
    try await sweep(run: "01JSWEPTSUPERVISOS", grace: .milliseconds(100))
    #expect(isAlive(holder.supervisor))
    async let reaped: Void = onThread("reap") {
      var status: Int32 = 0
      waitpid(holder.supervisor, &status, 0)
    }
    try await sweep(run: "01JSWEPTSUPERVISOR", grace: .milliseconds(100))
    try await reaped
    #expect(!isAlive(holder.supervisor))
    kill(holder.pid, SIGKILL)
    var status: Int32 = 0
    waitpid(holder.pid, &status, 0)
  }

  /// A supervisor whose control pipe is held by a process that stands in for ours and can be killed without warning.
  private func startSupervised(_ command: ToolCommand, run: String) throws -> (pid: pid_t, supervisor: pid_t) {
    let (control, status) = (try Pipe(), try Pipe())
    let nothing = try Descriptor.open("/dev/null", O_RDWR)
    var supervisor: Int32 = 0
    let descriptors = [nothing.raw, nothing.raw, nothing.raw, control.reading.raw, status.writing.raw]
    #expect(csystem_start_supervisor(run, descriptors, &supervisor) == 0)
    var environment = command.environment
    environment["DRILLMARK_RUN"] = run
    try SupervisorSpecification(command, environment: environment).bytes.withUnsafeBytes { try writeFully(control.writing.raw, $0) }
    guard case .started = SupervisorReport.next(from: status.reading.raw) else {
      throw Fault(.internalError, "the supervisor started nothing")
    }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawn_file_actions_adddup2(&actions, control.writing.raw, 9)
    var pid = pid_t()
    let arguments = spawnStrings(["sleep", "600"])
    defer { for argument in arguments { free(argument) } }
    #expect(posix_spawn(&pid, "/bin/sleep", &actions, nil, arguments, [nil]) == 0)
    posix_spawn_file_actions_destroy(&actions)
    for descriptor in [control.reading, control.writing, status.writing, nothing] { descriptor.close() }
    return (pid, supervisor)
  }

  @Test("what a crash left is found by its run and swept, and nothing else is")
  func swept() async throws {
    let mine = try leave(["DRILLMARK_RUN=SWEPT1"])
    let other = try leave(["DRILLMARK_RUN=SWEPT12"])
    #expect(isAlive(mine) && isAlive(other))
    async let reaped: Void = onThread("reap") {
      var status: Int32 = 0
      waitpid(mine, &status, 0)
    }
    try await sweep(run: "SWEPT1", grace: .milliseconds(200))
    try await reaped
    #expect(!isAlive(mine))
    #expect(isAlive(other))
    kill(other, SIGKILL)
    var status: Int32 = 0
    waitpid(other, &status, 0)
    try await sweep(run: "SWEPT1")
  }

  @Test("what wrote over its environment is found by the run's directory that it works in, and who works in another's is not")
  func sweptByPlace() async throws {
    let folder = TemporaryFolder()
    let places = ["drillmark-01jswept", "drillmark-01jsweptx"].map { "\(folder.path)/\($0)" }
    for place in places { mkdir(place, 0o755) }
    let (mine, other) = (try work(in: places[0]), try work(in: places[1]))
    async let reaped: Void = onThread("reap") {
      var status: Int32 = 0
      waitpid(mine, &status, 0)
    }
    try await Task.sleep(for: .milliseconds(500))
    try await sweep(run: "01JSWEPT", grace: .milliseconds(200))
    try await reaped
    #expect(!isAlive(mine) && isAlive(other))
    kill(other, SIGKILL)
    var status: Int32 = 0
    waitpid(other, &status, 0)
  }

  /// Starts a process without a terminal and without our mark, as root with a user of a box.
  private func work(in directory: String) throws -> pid_t {
    let user = geteuid() == 0 ? ["setpriv", "--reuid=61200", "--regid=61200", "--clear-groups"] : []
    let arguments = spawnStrings(["env", "-i", "-C", directory, "setsid"] + user + ["sleep", "600"])
    defer { for argument in arguments { free(argument) } }
    var pid = pid_t()
    #expect(posix_spawnp(&pid, "env", nil, nil, arguments, environ) == 0)
    return pid
  }

  private func leave(_ environment: [String]) throws -> pid_t {
    var pid = pid_t()
    let arguments = spawnStrings(["sleep", "600"])
    let variables = spawnStrings(environment)
    defer { for string in arguments + variables { free(string) } }
    #expect(posix_spawn(&pid, "/bin/sleep", nil, nil, arguments, variables) == 0)
    return pid
  }

  @Test("a process is told from a later one of its number")
  func identity() async throws {
    let started = StartRecorder()
    let runner = SupervisedTools(run: "ID") { started.set($0) }
    let tool = try runner.start(shell("sleep 60"))
    let process = try #require(started.value)
    #expect(process.pid == tool.pid && process.group == tool.pid)
    #expect(isSameProcess(process))
    var later = process
    later.startTime += 1
    #expect(!isSameProcess(later))
    var otherBoot = process
    otherBoot.bootID = "other"
    #expect(!isSameProcess(otherBoot))
    tool.stop(as: .cancelled)
    _ = await tool.exit()
    #expect(!isSameProcess(process))
  }
}

/// Keeps what `onStart` was told.
final class StartRecorder: Sendable {
  private let state = Mutex<StartedProcess?>(nil)
  var value: StartedProcess? { state.withLock { $0 } }
  func set(_ process: StartedProcess) { state.withLock { $0 = process } }
}

/// C strings for `posix_spawn`, ended by a null pointer; the caller frees them.
private func spawnStrings(_ strings: [String]) -> [UnsafeMutablePointer<CChar>?] { strings.map { strdup($0) } + [nil] }
