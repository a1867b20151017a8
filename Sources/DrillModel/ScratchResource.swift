/// Something a run creates and must destroy.
package struct ScratchResource: Sendable, Hashable, Codable {
  /// `directory`, or a kind that an engine knows how to destroy (`postgresql-database`).
  package var kind: String
  /// A generated name that alone finds the resource again: a path, a database name, an instance id.
  package var name: String
  package var state: State

  /// intended → made → destroying → gone or leaked. `kept` until its time on purpose.
  package enum State: String, Sendable, Codable, CaseIterable {
    case intended, made, destroying
    case gone = "destroyed"
    case leaked, kept
  }

  package init(kind: String, name: String, state: State = .intended) {
    self.kind = kind
    self.name = name
    self.state = state
  }
}
