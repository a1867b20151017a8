package import DrillModel

/// Takes a report's text as it is written and passes it on in large pieces, so that a long one is never whole in memory.
package struct TextSink: ~Copyable {
  private var buffer: [UInt8] = []
  private let pass: ([UInt8]) throws -> Void

  private static let piece = 1 << 16

  /// - Parameter pass: Gets every byte once, in order. What it throws, `write` and `finish` throw.
  package init(_ pass: @escaping ([UInt8]) throws -> Void) { self.pass = pass }

  package mutating func write(_ text: String) throws {
    buffer.append(contentsOf: text.utf8)
    if buffer.count >= TextSink.piece { try finish() }
  }

  /// Passes on what is left. May be repeated.
  package mutating func finish() throws {
    guard !buffer.isEmpty else { return }
    try pass(buffer)
    buffer.removeAll(keepingCapacity: true)
  }
}

/// Where a report's runs come from, drill by drill, so that they need not be in memory.
package struct LineSource: Sendable {
  private let each: @Sendable (String, (RunLine) throws -> Void) throws -> Void

  /// - Parameter each: Hands over every run of the named drill in the report's period, in the order in which they were sealed.
  package init(_ each: @escaping @Sendable (_ drill: String, _ take: (RunLine) throws -> Void) throws -> Void) { self.each = each }

  func callAsFunction(_ drill: String, _ take: (RunLine) throws -> Void) throws { try each(drill, take) }
}
