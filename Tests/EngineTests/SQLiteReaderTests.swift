import DrillModel
import DrillTestSupport
import EngineKit
import EngineSQLite
import Foundation
import Glibc
import Synchronization
import Testing
import ToolRunner

/// Changes each command before it is started, and tells each process that was.
private struct ChangedTools: ToolRunning {
  let real: SupervisedTools
  let change: @Sendable (inout ToolCommand) -> Void

  init(
    change: @escaping @Sendable (inout ToolCommand) -> Void = { _ in }, onStart: @escaping @Sendable (StartedProcess) -> Void = { _ in }
  ) {
    real = SupervisedTools(run: SQLiteBench.run, onStart: onStart)
    self.change = change
  }

  func locate(_ name: String, in directories: [String], package: String?) throws -> String {
    try real.locate(name, in: directories, package: package)
  }

  func start(_ command: ToolCommand) throws -> any RunningTool {
    var command = command
    change(&command)
    return try real.start(command)
  }
}

/// Names that are each unfolded twice by the next one, which SQLite does while it compiles: nothing inside SQLite 3.40 can stop it there.
private let endlessCompilation: String = {
  let names = (1...40).map { "c\($0) AS (SELECT 1 FROM c\($0 - 1), c\($0 - 1) AS x)" }
  return "WITH c0 AS (SELECT 1), \(names.joined(separator: ", ")) SELECT count(*) FROM c40"
}()

private let sound = "CREATE TABLE t(a); INSERT INTO t VALUES (1), (2), (3);"

@Suite("The process that reads SQLite content")
struct SQLiteReaderTests {
  /// A bench whose reader is told to be something else once the database is restored.
  private func restored(_ sql: String = sound, then change: @escaping @Sendable (inout ToolCommand) -> Void) async throws -> (
    SQLiteBench, any SQLProbe
  ) {
    var bench = try SQLiteBench()
    let isRestored = Flag()
    bench.tools = ChangedTools { command in if isRestored.isSet { change(&command) } }
    let probes = try await bench.restore(try bench.database(sql)).probes
    isRestored.set()
    return (bench, try #require(probes.sql))
  }

  private func expectNoReader() async throws {
    for _ in 0..<100 where !HostProcesses.ofRun(SQLiteBench.run).isEmpty { try await Task.sleep(for: .milliseconds(50)) }
    #expect(HostProcesses.ofRun(SQLiteBench.run).isEmpty)
  }

  @Test("a question that SQLite would compile for ever ends at its deadline")
  func endlessQuestion() async throws {
    let (bench, sql) = try await restored { _ in }
    let limit = Duration.seconds(1)
    let start = ContinuousClock.now
    await #expect(throws: ProbeError.timeout(limit)) { try await sql.query(endlessCompilation, timeout: limit, limit: 1) }
    #expect(.now - start < .seconds(15))
    try await expectNoReader()
    #expect(try await sql.count(table: "t", timeout: SQLiteBench.minute) == 3)
    withExtendedLifetime(bench) {}
  }

  @Test("a view of that kind costs the check that meets it its deadline, and the others nothing")
  func endlessView() async throws {
    let (bench, sql) = try await restored("\(sound) CREATE VIEW v AS \(endlessCompilation);") { _ in }
    let limit = Duration.milliseconds(700)
    await #expect(throws: ProbeError.timeout(limit)) { try await sql.count(table: "v", timeout: limit) }
    #expect(try await sql.count(table: "t", timeout: SQLiteBench.minute) == 3)
    withExtendedLifetime(bench) {}
  }

  @Test("a dump with a statement that SQLite would compile for ever ends when the run is stopped")
  func endlessDump() async throws {
    let bench = try SQLiteBench()
    let path = try bench.scratch.file("b.sql", "CREATE TABLE t(a); INSERT INTO t \(endlessCompilation);\n".utf8)
    let restore = Task { try await bench.restore(path) }
    try await Task.sleep(for: .milliseconds(700))
    let start = ContinuousClock.now
    restore.cancel()
    await #expect(throws: CancellationError.self) { try await restore.value }
    #expect(.now - start < .seconds(15))
    try await expectNoReader()
  }

  @Test("a statement that takes more memory than a load is given ends the load, not us", .timeLimit(.minutes(5)))
  func memory() async throws {
    var bench = try SQLiteBench()
    bench.tools = ChangedTools { $0.box?.memory = 700 << 20 }
    let path = try bench.scratch.file("b.sql", "CREATE TABLE t(a); INSERT INTO t SELECT hex(zeroblob(450000000));\n".utf8)
    let fault = await #expect(throws: Fault.self) { try await bench.restore(path) }
    #expect(fault?.code == .toolFailed && fault?.message.contains("memory") == true, "\(String(describing: fault))")
  }

  @Test("a crash of SQLite while it loads fails the restore with a clear reason, and we live", arguments: [SIGSEGV, SIGABRT])
  func crash(_ signal: Int32) async throws {
    let fault = try await endedByHand(signal)
    #expect(fault.code == .restoreFailed)
    #expect(fault.message.contains("crashed") && fault.message.contains("signal \(signal)"))
    try await expectNoReader()
  }

  @Test("a reader that somebody kills says nothing about the backup")
  func killed() async throws {
    let fault = try await endedByHand(SIGKILL)
    #expect(fault.code.verdict == .cannotDrill, "\(fault)")
  }

  /// The fault of a load that never ends when its process is sent a signal.
  private func endedByHand(_ signal: Int32) async throws -> Fault {
    var bench = try SQLiteBench()
    bench.tools = ChangedTools(onStart: { process in
      Task {
        try await Task.sleep(for: .milliseconds(500))
        kill(process.pid, signal)
      }
    })
    let text = "CREATE TABLE t(a); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n;"
    let path = try bench.scratch.file("b.sql", text.utf8)
    let subject = bench
    return try #require(await #expect(throws: Fault.self) { try await subject.restore(path) })
  }

  @Test("a crash over a question leaves it unanswered: it is no finding, and the next one is asked anew")
  func crashedQuestion() async throws {
    let (bench, sql) = try await restored { $0 = Self.impostor($0, "kill -SEGV $$") }
    let error = await #expect(throws: ProbeError.self) { try await sql.count(table: "t", timeout: SQLiteBench.minute) }
    guard case .unavailable(let text) = error else { throw try #require(error) }
    #expect(text.contains("crashed"))
    withExtendedLifetime(bench) {}
  }

  /// What a reader that was taken over could say instead of an answer.
  private static let babble = [
    "yes", "head -c 100000000 /dev/zero", "printf '\\377\\377\\377\\377\\377\\377\\377\\177'", "printf '\\020\\0\\0\\0\\0\\0\\0\\0short'",
    "printf '\\010\\0\\0\\0\\0\\0\\0\\0\\143\\0\\0\\0\\0\\0\\0\\0'", "printf abc", "exit 0", "exit 7",
    "yes \"$(printf '\\030')\" | tr -d '\\n' | head -c 1000", "exec 1>&-; kill -KILL $$",
    // Progress for ever.
    "while :; do printf '\\030\\0\\0\\0\\0\\0\\0\\0\\1\\0\\0\\0\\0\\0\\0\\0AAAAAAA\\0BBBBBBB\\0'; done | tr A '\\1' | head -c 70000000",
  ]

  @Test("one that says anything but an answer is refused, and no check passes or fails by it", arguments: babble)
  func babbling(_ script: String) async throws {
    let (bench, sql) = try await restored { $0 = Self.impostor($0, script) }
    let error = await #expect(throws: ProbeError.self) { try await sql.count(table: "t", timeout: SQLiteBench.minute) }
    guard case .unavailable = error else { throw try #require(error) }
    try await expectNoReader()
    withExtendedLifetime(bench) {}
  }

  @Test("one that floods instead of loading never passes as a restore", arguments: babble)
  func babblingRestore(_ script: String) async throws {
    var bench = try SQLiteBench()
    bench.tools = ChangedTools { $0 = Self.impostor($0, script) }
    let subject = bench
    let path = try bench.database(sound)
    let fault = await #expect(throws: Fault.self) { try await subject.restore(path) }
    #expect([.unsafeContent, .toolFailed].contains(fault?.code), "\(String(describing: fault))")
  }

  /// A shell in the reader's place, outside of any box.
  private static func impostor(_ command: ToolCommand, _ script: String) -> ToolCommand {
    var changed = command
    changed.executable = "/bin/sh"
    changed.arguments = ["-c", script]
    changed.environment["PATH"] = "/usr/bin:/bin"
    changed.box = nil
    changed.directory = "/"
    return changed
  }

  @Test(
    "inside its box nothing of the host can be read or written, nor a port of its loopback reached",
    .enabled(if: Isolation.current.landlock ?? 0 >= 4, "needs Landlock 4"))
  func box() async throws {
    let bash = try SupervisedTools(run: SQLiteBench.run).locate("bash")
    let (listener, port) = LoopbackSocket.listening()
    defer { listener.close() }
    let outside = TemporaryFolder()
    chmod(outside.path, 0o777)
    let secret = outside.file("secret", "secret\n")
    // Only what the shell does by itself, for it may execute nothing.
    let script = """
      look() { read -r -n 1 _ <"$1" && echo "read $1" >>"$SQLITE_TMPDIR/seen"; }
      look \(secret); look /etc/shadow; look /etc/hostname; look /proc/1/environ; look "$DATABASE"
      (: >\(outside.path)/new) && echo "wrote outside" >>"$SQLITE_TMPDIR/seen"
      (: >>"$DATABASE") && echo "changed the database" >>"$SQLITE_TMPDIR/seen"
      (exec 5<>/dev/tcp/127.0.0.1/\(port)) && echo "reached a port" >>"$SQLITE_TMPDIR/seen"
      echo end >>"$SQLITE_TMPDIR/seen"
      """
    let (bench, sql) = try await restored { command in
      command.environment["DATABASE"] = command.arguments[1]
      command.box?.executable.append(bash)
      command.executable = bash
      command.arguments = ["-c", script]
    }
    _ = try? await sql.count(table: "t", timeout: SQLiteBench.minute)
    let seen = TextFile.read("\(bench.scratch.path)/run/sorting/seen").split(separator: "\n")
    #expect(seen.first?.hasSuffix("/restored.sqlite") == true && seen.dropFirst() == ["end"], "\(seen)")
    #expect(access("\(outside.path)/new", F_OK) != 0)
  }

  @Test("what keeps it in is told for what it is")
  func isolation() async throws {
    let bench = try SQLiteBench()
    let text = try #require(try await SQLiteBench.engine.preflight(bench.context()).isolation)
    #expect(text.contains("a process of its own"))
    #expect(text.contains("Landlock") == (Isolation.current.landlock != nil))
    #expect(!text.contains("own user") || geteuid() == 0)
    // A scratch directory that a user of its own could not enter.
    chmod(bench.scratch.path, 0o700)
    let closed = try #require(try await SQLiteBench.engine.preflight(bench.context()).isolation)
    #expect(!closed.contains("own user"))
    let probes = try await bench.restore(try bench.database(sound)).probes
    #expect(try await probes.sql?.count(table: "t", timeout: SQLiteBench.minute) == 3)
  }
}

private final class Flag: Sendable {
  private let value = Atomic(false)
  var isSet: Bool { value.load(ordering: .relaxed) }
  func set() { value.store(true, ordering: .relaxed) }
}
