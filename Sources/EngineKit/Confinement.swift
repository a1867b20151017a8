package import ToolRunner

/// As whom and how walled off the programs of one run work.
package struct Confinement: Sendable, Hashable {
  /// The operating system user of the run; nil stays who we are.
  package var user: Box.User?
  /// Whether programs are boxed at all; false only where a drill asked for it.
  package var isBoxed: Bool
  /// Whether even a superuser of the scratch server could not reach the host.
  package var holdsSuperuser: Bool

  package init(user: Box.User?, isBoxed: Bool, holdsSuperuser: Bool) {
    self.user = user
    self.isBoxed = isBoxed
    self.holdsSuperuser = holdsSuperuser
  }

  /// A box for one program; nil where none is boxed.
  ///
  /// - Parameters:
  ///   - alone: Whether the program may start no other process.
  ///   - network: Whether it may reach anything over TCP.
  package func box(
    for program: String, reading: [String], writing: [String] = [], alone: Bool = false, network: Bool = false
  ) -> Box? {
    guard isBoxed else { return nil }
    return Box(
      user: user, executable: [program], readable: reading, writable: writing, network: network, processes: alone ? 0 : nil)
  }
}
