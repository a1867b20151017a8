import ToolRunner

/// What keeps the reader in, as far as this machine, our rights and the places of program and scratch directory allow.
struct ReaderIsolation {
  private var layers = Isolation.current

  /// - Parameter scratch: The run's directory, which may not be there yet.
  init(_ program: OwnProgram, scratch: String) {
    // A user of its own must get at both.
    if layers.hasOwnUser, program.obstacle != nil || BoxUsers.closedDirectory(above: scratch) != nil { layers.hasOwnUser = false }
  }

  var hasOwnUser: Bool { layers.hasOwnUser }

  /// For the record.
  var description: String {
    let walls = layers.description == "none" ? "in no box" : layers.description
    return "a process of its own, \(walls); statements judged one by one, database opened read-only with SQLite's defences"
  }
}
