/// Where everything that tools say is kept. Called from the tools' own threads, in any interleaving of sources.
package protocol ToolLog: Sendable {
  /// Takes the next bytes that a source wrote; they may end anywhere, inside a character or a secret.
  func append(_ bytes: UnsafeRawBufferPointer, from source: ToolSource)

  /// Says that a source will write nothing more.
  func end(_ source: ToolSource)
}

/// One output of one started program.
package struct ToolSource: Sendable, Hashable {
  /// The program's name without its directory.
  package var tool: String
  package var pid: Int32
  package var stream: Stream

  package enum Stream: String, Sendable, Hashable {
    case output = "out"
    case errors = "err"
  }

  package init(tool: String, pid: Int32, stream: Stream) {
    self.tool = tool
    self.pid = pid
    self.stream = stream
  }
}
