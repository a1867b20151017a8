import DrillConfig
import DrillModel
import DrillTestSupport
import EngineKit
import Glibc
import Testing
import ToolRunner

@Suite("Secrets by reference")
struct SecretReaderTests {
  private let folder = TemporaryFolder("dmsecret")
  private let reader = SecretReader(environment: ["DB": "s3cret value", "PATH": "/usr/bin:/bin", "EMPTY": ""])

  private func fetch(_ reference: SecretReference) async throws -> String {
    try await reader.fetch(reference, tools: PostgreSQLBench.tools)
  }

  private func fault(_ reference: SecretReference) async -> Fault? {
    await #expect(throws: Fault.self) { try await fetch(reference) }
  }

  @Test("come from the environment, a file without its last newline, or the first line of a command")
  func found() async throws {
    #expect(try await fetch(.env("DB")) == "s3cret value")
    #expect(try await fetch(.file(folder.file("a", "line one\nline two\r\n"))) == "line one\nline two")
    #expect(try await fetch(.command(["printf", "%s", "$DB\nsecond"])) == "$DB")
    #expect(try await fetch(.command(["/bin/sh", "-c", "echo $DB"])) == "s3cret value")
  }

  @Test("that are not there are a fault of credentials that names the place")
  func missing() async {
    let places: [(SecretReference, String)] = [
      (.env("NOWHERE"), "NOWHERE"), (.env("EMPTY"), "EMPTY"), (.file("\(folder.path)/none"), "none"),
      (.file(folder.file("blank", "\n\n")), "blank"), (.command(["/bin/false", "hunter2"]), "/bin/false"),
      (.file(folder.path), folder.path),
    ]
    for (reference, name) in places {
      let fault = await fault(reference)
      #expect(fault?.code == .credentials && fault?.message.contains(name) == true, "\(String(describing: fault))")
      #expect(fault?.description.contains("hunter2") == false)
    }
  }

  @Test("that cannot be text are refused without being shown, and a pipe in a file's place does not hold the run up")
  func odd() async {
    #expect(await fault(.file(folder.file("long", String(repeating: "x", count: 70_000))))?.code == .credentials)
    #expect(await fault(.file(folder.file("binary", [0x68, 0xFF, 0x68])))?.code == .credentials)
    #expect(await fault(.file(folder.file("zero", [0x68, 0, 0x68])))?.code == .credentials)
    let pipe = "\(folder.path)/pipe"
    mkfifo(pipe, 0o600)
    #expect(await fault(.file(pipe))?.code == .credentials)
    #expect(await fault(.command(["drillmark-no-such-program"]))?.code == .toolMissing)
  }

  @Test("are in no description")
  func inert() {
    let secrets = FetchedSecrets([.env("DB"): "hunter2"])
    #expect(!"\(secrets) \(String(reflecting: secrets))".contains("hunter2"))
    var text = ""
    dump(secrets, to: &text)
    #expect(!text.contains("hunter2"))
    #expect(SecretReference.command(["vault", "hunter2"]).place == "the command vault")
  }
}
