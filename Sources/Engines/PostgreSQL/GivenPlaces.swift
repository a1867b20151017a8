import DrillModel
import Synchronization
import ToolRunner

/// The one database of a given server that a plain dump is loaded into, whatever it makes and enters itself.
final class GivenPlaces: PlainPlaces {
  private let database: GivenDatabase
  /// The encoding that the drill asks for.
  private let encoding: String?
  private let state = Mutex(State())

  private struct State {
    var entered: String?
    var holdsTables = false
  }

  init(_ database: GivenDatabase, encoding: String?) {
    self.database = database
    self.encoding = encoding
  }

  func first(_ header: PlainHeader) async throws -> String {
    if encoding == nil, header.clientEncoding == "SQL_ASCII" {
      try await onThread("pg create") { [database] in try database.recreate(encoding: "SQL_ASCII") }
    }
    return database.name.database
  }

  func next(_ name: String, after report: LoadReport) async throws -> String {
    try state.withLock { state in
      if let entered = state.entered, entered != name {
        throw GivenPlaces.refusal("the dump fills several databases, \(entered) and \(name)")
      }
      if state.entered == nil, state.holdsTables { throw GivenPlaces.refusal("the dump fills the database that it begins in and \(name)") }
      state.entered = name
    }
    return database.name.database
  }

  func found(_ statement: DumpStatement, in database: String, _ report: LoadReport) throws -> Bool {
    switch statement {
    case .serverWide: return true
    case .createTable, .copyIn: state.withLock { $0.holdsTables = true }
    default: break
    }
    return false
  }

  func superuserNeeded(_ right: String) -> Fault { GivenPlaces.superuserNeeded(right) }

  static func superuserNeeded(_ right: String) -> Fault {
    Fault(
      .permissionDenied, "the dump needs rights that no given server grants: \(right)",
      advice: "Leave `server` out: a server of the run's own has them, inside its box")
  }

  static func refusal(_ what: String) -> Fault {
    Fault(
      .configuration, "\(what), and a given server has one database for a run",
      advice: "Leave `server` out: a server of the run's own takes such a dump")
  }
}
