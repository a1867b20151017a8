/// What a boxed program may touch (docs/security.md). All limits hold for everything that it starts.
package struct Box: Sendable, Hashable {
  /// The user and group to become; nil stays who we are (when we are not root).
  package var user: User?
  /// Programs that may be executed, the loader and libraries' interpreter included by the runner.
  package var executable: [String]
  /// Files and directories that may be read, with all below them.
  package var readable: [String]
  /// Directories that may be read and written, with all below them.
  package var writable: [String]
  /// Whether TCP and UDP are reachable. Unix sockets are files and follow `readable` and `writable`.
  package var network: Bool
  /// How many processes the user may have; 0 forbids starting any other.
  package var processes: Int?
  /// Address space of each process, in bytes.
  package var memory: Int?
  /// Processor time of each process, in whole seconds; the kernel kills what takes more.
  package var processorSeconds: Int?

  package struct User: Sendable, Hashable {
    package var uid: UInt32
    package var gid: UInt32

    package init(uid: UInt32, gid: UInt32) {
      self.uid = uid
      self.gid = gid
    }
  }

  package init(
    user: User? = nil, executable: [String], readable: [String] = [], writable: [String] = [], network: Bool = false, processes: Int? = nil,
    memory: Int? = nil, processorSeconds: Int? = nil
  ) {
    self.user = user
    self.executable = executable
    self.readable = readable
    self.writable = writable
    self.network = network
    self.processes = processes
    self.memory = memory
    self.processorSeconds = processorSeconds
  }
}
