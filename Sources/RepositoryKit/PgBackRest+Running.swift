import CSystem
import DrillModel
import EngineKit
import Foundation
import Glibc
import ToolRunner

extension PgBackRest {
  var chosen: [String] { repository.map { ["--repo=\($0)"] } ?? [] }
  private var environment: [String: String] { ["LC_ALL": "C", "PATH": "/nonexistent", "HOME": "/nonexistent"] }

  /// What it takes to resolve names and to trust a store's certificate.
  private static let networking = [
    "/etc/resolv.conf", "/run/systemd/resolve", "/etc/hosts", "/etc/host.conf", "/etc/gai.conf", "/etc/services", "/etc/ssl",
    "/etc/pki", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates",
  ]

  private func box(writing: [String], reading: [String]) -> Box {
    let places = configuration.directories + configuration.files + reading + (configuration.usesNetwork ? PgBackRest.networking : [])
    return Box(
      user: reader.user, executable: [program], readable: places.filter { access($0, F_OK) == 0 }, writable: writing + ["/dev/null"],
      network: configuration.usesNetwork)
  }

  func ask(_ arguments: [String], configured: Bool = true) async throws -> RepositoryAnswer {
    let command = try command(arguments, configured: configured)
    let answer = try await RepositoryAnswer.ask(command, deadline: PgBackRest.patience, tools: tools)
    if let fault = PgBackRestFault.ended(answer.exit.status, doing: "answering \(arguments[0])", tool: "pgBackRest") { throw fault }
    return answer
  }

  func command(_ arguments: [String], configured: Bool = true) throws -> ToolCommand {
    var command = ToolCommand(program, arguments, environment: environment, box: box(writing: [], reading: []))
    guard configured else { return command }
    // A file without a name: it leaves nothing behind, whatever becomes of us.
    command.input = .descriptor(try nameless(configuration.text))
    command.arguments += ["--config=/dev/stdin", "--log-level-file=off", "--log-level-console=off", "--log-level-stderr=error"]
    return command
  }

  func work(
    _ arguments: [String], in work: String, writing: [String], reading: [String], deadline: Duration?
  ) async throws -> ToolExit {
    let own = ["--config=\(work)/pgbackrest.conf", "--lock-path=\(work)/lock", "--log-path=\(work)", "--log-level-file=off"]
    let command = ToolCommand(
      program, arguments + chosen + own, environment: environment, directory: work,
      box: box(writing: writing + [work], reading: reading), grace: .seconds(10))
    let exit = try await tools.run(command, deadline: deadline)
    if exit.status == .cancelled { throw CancellationError() }
    if let fault = PgBackRestFault.ended(exit.status, doing: "carrying out \(arguments[0])", tool: "pgBackRest") { throw fault }
    return exit
  }

  private func nameless(_ text: String) throws -> Descriptor {
    let file = Descriptor(owning: csystem_memory_file("pgbackrest.conf"))
    // It is the tool's user that opens it again.
    if let user = reader.user { _ = fchown(file.raw, user.uid, user.gid) }
    _ = fchmod(file.raw, 0o600)
    let bytes = Array(text.utf8)
    guard file.raw >= 0, write(file.raw, bytes, bytes.count) == bytes.count, lseek(file.raw, 0, SEEK_SET) == 0 else {
      throw Fault(.toolFailed, "no file in memory could be made: \(systemMessage(errno))")
    }
    return file
  }

  // MARK: Judging

  func judge(_ exit: ToolExit, _ doing: String, isOpen: Bool) throws {
    guard case .exited(let code) = exit.status, code != 0 else { return }
    throw PgBackRestFault.fault(
      doing: doing, said: exit.errorText + "\n" + exit.outputText, code: code, configuration, isOpen: isOpen)
  }

  /// The status of one repository: 0 and 2, no valid backups, are answers (info.c).
  func judge(_ repo: PgBackRestInfo.Repository, _ doing: String, among found: PgBackRestInfo) async throws {
    switch repo.status.code {
    case 0, 2: return
    case 1: throw noStanza(try await stanzas(in: repo.key))
    case 3:
      throw Fault(
        .nothingToRestore, "repository \(repo.key) has lost its catalogue of stanza \(stanza): backup.info or archive.info is missing",
        advice: "Find out what removed it; without it pgBackRest restores nothing")
    default:
      throw PgBackRestFault.fault(
        doing: doing, said: repo.status.message, code: 0, configuration, isOpen: false)
    }
  }

  private func stanzas(in repository: Int) async throws -> [String] {
    let answer = try await ask(["repo-ls", "--output=json", "--repo=\(repository)", "backup"])
    guard answer.exit.isSuccess, let all = try? JSONDecoder().decode([String: StoredFile].self, from: Data(answer.output)) else {
      return []
    }
    return all.filter { $0.value.type == "path" && $0.key != "." }.keys.sorted()
  }

  func noStanza(_ others: [String]) -> Fault {
    let there = others.prefix(10).map { InertText.line($0, limit: 60) }.joined(separator: ", ")
    return Fault(
      .nothingToRestore,
      "there is no stanza \(stanza) in the repository of \(configuration.place)"
        + (others.isEmpty ? ", nor any other" : "; it holds \(there)"),
      advice: "Correct `from` or `config`; if the stanza was there, its backups are gone")
  }
}
