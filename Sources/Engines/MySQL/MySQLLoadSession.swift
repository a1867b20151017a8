import DrillModel
import EngineKit
import Foundation
import Glibc
import MySQLKit
import ToolRunner

/// What the loads of one run have in common: where they go, as whom, and how their tools are started.
struct MySQLLoadSession: Sendable {
  var context: EngineContext
  var server: MySQLServer
  var accounts: MySQLAccounts
  var options: MySQLOptions

  var installation: MySQLInstallation { server.installation }

  /// The options file by which the vendor's programs log in as the loader; only the run's user reads it.
  func optionsFile(_ groups: [String]) throws -> String {
    let path = "\(server.socket)/load.cnf"
    _ = remove(path)
    let text = accounts.loader.optionsFile
    let all = groups.map { text.replacing("[client]", with: "[\($0)]") }.joined()
    try Accounts.writeFile(path, text + all, owner: server.confinement.user)
    return path
  }

  /// The box of one of our programs: it reaches the server through its socket, and may start nothing.
  func box(for program: String, reading: [String] = [], alone: Bool) -> Box? {
    server.confinement.box(
      for: program, reading: installation.readable + reading, writing: [server.socket, "/dev/null"], alone: alone)
  }

  /// Prepares the server for a statement. An account that cannot be made is no fault: the server only warns of a definer that is missing.
  func provide(_ need: MySQLNeed, initial: String?) {
    switch need {
    case .account(let definer): try? accounts.ensure(definer.user, host: definer.host)
    case .absence(let database): if database == initial { try? accounts.withdraw(database) }
    }
  }

  /// A server that ends takes every connection with it: what it said last tells why.
  func explained(_ fault: Fault) async -> Fault {
    guard fault.code == .toolFailed else { return fault }
    for _ in 0..<100 where server.exit == nil { try? await Task.sleep(for: .milliseconds(20)) }
    guard let exit = server.exit else { return fault }
    let words = server.lastWords
    if words.contains("No space left") || words.contains("errno: 28") {
      return Fault(.noSpace, "the scratch server ran out of space and ended", advice: "Free space, or set scratch.directory elsewhere")
    }
    return Fault(
      .toolFailed, "the scratch server ended (\(exit.status)) while it was loaded: \(words)", advice: "See `drillmark log`; check memory",
      isTransient: true)
  }
}
