import DrillConfig
import DrillModel

/// What a drill may say about a restore into Redis.
package struct RedisOptions: Sendable, Hashable {
  /// What becomes of an append-only file that ends inside a command.
  package enum CutTail: String, Sendable, CaseIterable { case accept, refuse }

  package var databases = 1024
  /// Bytes; nil takes what the machine has available.
  package var memory: Int64?
  package var cutTail = CutTail.accept

  package init() {}

  static let section = Section<RedisOptions>([
    Key("databases", \.databases, .integer(1...1_000_000), default: "1024", "How many databases the scratch server has"),
    Key("memory", \.memory, .byteSize, default: "what is available", "The most memory that the scratch server may take"),
    Key(
      "cut-tail", \.cutTail, .choice(), default: "accept",
      "Whether an append-only file that ends inside a command loads without it, as Redis does by default, or fails the run"),
  ])
}
