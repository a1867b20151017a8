import DrillModel
import DrillTestSupport
import Glibc
import Synchronization
import Testing

@testable import ToolRunner

func tools(log: (any ToolLog)? = nil, run: String = "TESTRUN") -> SupervisedTools {
  SupervisedTools(run: run, log: log)
}

func shell(_ script: String, grace: Duration = .seconds(5), box: Box? = nil) -> ToolCommand {
  ToolCommand("/bin/sh", ["-c", script], box: box, grace: grace)
}

/// Whether a process of that number is there and has not ended.
func isAlive(_ pid: Int32) -> Bool {
  guard let bytes = contents(of: "/proc/\(pid)/stat") else { return false }
  let text = String(decoding: bytes, as: UTF8.self)
  guard let end = text.lastIndex(of: ")") else { return false }
  return text[end...].dropFirst(2).first != "Z"
}

@Suite("Running a program")
struct RunningTests {
  @Test("status, output and errors come back")
  func plain() async throws {
    let exit = try await tools().run(shell("echo out; echo err >&2; exit 3"))
    #expect(exit.status == .exited(3))
    #expect(exit.outputText == "out\n")
    #expect(exit.errorText == "err\n")
    #expect(!exit.isSuccess)
    #expect(try await tools().run(shell("true")).isSuccess)
  }

  @Test("a program that a signal ended is told from one that exited")
  func signalled() async throws {
    #expect(try await tools().run(shell("kill -SEGV $$")).status == .signalled(SIGSEGV))
    #expect(try await tools().run(shell("exit 139")).status == .exited(139))
  }

  @Test("the environment is the one given, with the run's id")
  func environment() async throws {
    var command = ToolCommand("/usr/bin/env", environment: ["A": "1", "B": "two words"])
    command.directory = "/tmp"
    let exit = try await tools().run(command)
    #expect(Set(exit.outputText.split(separator: "\n")) == ["A=1", "B=two words", "DRILLMARK_RUN=TESTRUN"])
  }

  @Test("the supervisor's arguments and environment hold none of the program's")
  func noSecretInSupervisor() async throws {
    var command = shell("sleep 30")
    command.environment["PGPASSWORD"] = "hunter2-secret"
    let tool = try tools().start(command)
    let parent = try #require(contents(of: "/proc/\(tool.pid)/stat").map { String(decoding: $0, as: UTF8.self) })
    let supervisor = try #require(parent.split(separator: ")").last?.split(separator: " ").dropFirst().first)
    for name in ["cmdline", "environ"] {
      let text = String(decoding: contents(of: "/proc/\(supervisor)/\(name)") ?? [], as: UTF8.self)
      #expect(!text.contains("hunter2"), "\(name)")
    }
    tool.stop(as: .cancelled)
    #expect(await tool.exit().status == .cancelled)
  }

  @Test("bytes given as input arrive whole, far beyond a pipe's size")
  func input() async throws {
    var command = ToolCommand("/usr/bin/wc", ["-c"])
    command.input = .bytes([UInt8](repeating: 7, count: 3_000_000))
    #expect(try await tools().run(command).outputText.trimmed == "3000000")
  }

  @Test("a program that reads no input is no error")
  func unreadInput() async throws {
    var command = shell("exit 0")
    command.input = .bytes([UInt8](repeating: 7, count: 3_000_000))
    #expect(try await tools().run(command).isSuccess)
  }

  @Test("lines come one by one, the last without its end too")
  func lines() async throws {
    let seen = Mutex<[String]>([])
    var command = shell("printf 'one\\ntwo\\r\\n\\nlast'")
    command.output = .lines { line in seen.withLock { $0.append(line) } }
    _ = try await tools().run(command)
    #expect(seen.withLock { $0 } == ["one", "two", "", "last"])
  }

  @Test("a thread that cannot be had is a fault with advice, and no crash")
  func noThread() async throws {
    let fault = await #expect(throws: Fault.self) { try await onThread("never", stack: 1 << 52) { 1 } }
    #expect(fault?.code == .toolFailed && fault?.advice?.contains("ulimit") == true && fault?.message.contains("never") == true)
    #expect(throws: Fault.self) { try waitOnThread("never", stack: 1 << 52) {} }
    #expect(try await onThread("fine") { 2 } == 2)
  }

  @Test("two programs joined by a kernel pipe end when the first ends")
  func joined() async throws {
    let pipe = try Pipe()
    var first = shell("seq 1 100000")
    first.output = .descriptor(pipe.writing)
    var second = ToolCommand("/usr/bin/wc", ["-l"])
    second.input = .descriptor(pipe.reading)
    let (one, two) = (try tools().start(first), try tools().start(second))
    #expect(await one.exit().isSuccess)
    #expect(await two.exit().outputText.trimmed == "100000")
  }

  @Test("a writer whose reader ended early is ended by SIGPIPE, as in a shell")
  func brokenPipe() async throws {
    let pipe = try Pipe()
    var first = ToolCommand("/usr/bin/yes")
    first.output = .descriptor(pipe.writing)
    var second = ToolCommand("/usr/bin/head", ["-n", "1"])
    second.input = .descriptor(pipe.reading)
    let (one, two) = (try tools().start(first), try tools().start(second))
    #expect(await two.exit().outputText == "y\n")
    #expect(await one.exit().status == .signalled(SIGPIPE))
  }

  @Test("of too much output the tail is kept and the cut is told")
  func tail() async throws {
    var command = shell("seq 1 100000")
    command.output = .captured(limit: 100)
    let text = try await tools().run(command).outputText
    #expect(text.hasSuffix("99999\n100000\n"))
    #expect(text.hasPrefix("[") && text.contains("bytes cut]"))
    #expect(text.utf8.count < 130)
  }

  @Test("a gigabyte of errors neither blocks nor is kept")
  func flood() async throws {
    var command = shell("head -c 1000000000 /dev/zero >&2; echo done")
    command.errors = .captured(limit: 1000)
    let before = residentBytes()
    let exit = try await tools().run(command)
    #expect(exit.isSuccess && exit.outputText == "done\n")
    #expect(exit.errors.count < 1100)
    // Other tests run beside this one and need a few tens of megabytes; a kept gigabyte would show.
    #expect(residentBytes() - before < 400 << 20)
  }

  @Test("several tasks may ask how it ended, also afterwards")
  func askedOften() async throws {
    let tool = try tools().start(shell("sleep 0.2; exit 4"))
    async let first = tool.exit()
    async let second = tool.exit()
    #expect(await [first.status, second.status] == [.exited(4), .exited(4)])
    #expect(await tool.exit().status == .exited(4))
  }

  @Test("two hundred runs leave no descriptor behind")
  func descriptors() async throws {
    let before = openDescriptors()
    for _ in 0..<200 { _ = try await tools().run(shell("echo x; echo y >&2")) }
    // Other tests run beside this one and hold a few; a leak would show two hundred.
    #expect(openDescriptors() < before + 60)
  }
}

extension String {
  var trimmed: String { String(drop { $0 == " " }.reversed().drop { $0 == "\n" }.reversed()) }
}

func openDescriptors() -> Int {
  guard let directory = opendir("/proc/self/fd") else { return 0 }
  defer { closedir(directory) }
  var count = 0
  while readdir(directory) != nil { count += 1 }
  return count
}

func residentBytes() -> Int {
  let text = String(decoding: contents(of: "/proc/self/statm") ?? [], as: UTF8.self)
  return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 4096
}
