import DrillModel

/// Cuts a binary log into its events while its bytes pass, keeping the bodies of those that say where things stand.
struct BinaryLogScanner {
  private let name: String
  private var pending: [UInt8] = []
  /// How many bytes `pending` must hold for the next step.
  private var wanted = 4
  private var phase = Phase.magic
  private var event: BinaryLogEvent?
  private var hasChecksums = false
  /// Where the next byte lies in the log.
  private(set) var offset: Int64 = 0
  private var skipping: Int64 = 0
  /// What of the event's body is not kept.
  private var dropped: Int64 = 0
  private let keepsStatements: Bool

  private enum Phase { case magic, header, body }

  /// The largest body that is kept; what is larger and should matter is no log of a server.
  private static let longest: UInt32 = 64 << 20

  /// How much of a statement is kept.
  private static let beginning: UInt32 = 64 << 10

  /// - Parameter keepsStatements: Whether events that carry a statement keep its beginning.
  init(_ name: String, keepsStatements: Bool = false) {
    self.name = name
    self.keepsStatements = keepsStatements
  }

  /// - Throws: `Fault` with code `backup_wrong_format` or `backup_damaged`, and whatever `receive` throws.
  mutating func take(_ bytes: UnsafeRawBufferPointer, _ receive: (BinaryLogEvent) throws -> Void) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      if skipping > 0 {
        let count = Int(min(skipping, Int64(rest.count)))
        rest = rest.dropFirst(count)
        skipping -= Int64(count)
        offset += Int64(count)
        if skipping == 0 { try finishEvent(receive) }
        continue
      }
      let part = rest.prefix(wanted - pending.count)
      pending += part
      rest = rest.dropFirst(part.count)
      offset += Int64(part.count)
      if pending.count == wanted { try step(receive) }
    }
  }

  /// Where the last event ends that came whole.
  var wholeEnd: Int64 { event?.offset ?? offset - Int64(pending.count) }

  /// To be called at the log's end.
  ///
  /// - Throws: `Fault` with code `backup_truncated` when it ends within an event, `backup_empty` when nothing came.
  func finish() throws {
    guard offset > 0 else { throw Fault(.backupEmpty, "the binary log \(name) is empty") }
    guard phase == .header, pending.isEmpty, skipping == 0 else {
      throw Fault(
        .backupTruncated, "the binary log \(name) ends at \(offset), in the middle of an event: it was cut",
        advice: "Copy logs only as far as the server has closed them, or whole")
    }
  }

  private mutating func step(_ receive: (BinaryLogEvent) throws -> Void) throws {
    switch phase {
    case .magic:
      guard pending == [0xFE, 0x62, 0x69, 0x6E] else {
        let isEncrypted = pending == [0xFD, 0x62, 0x69, 0x6E]
        throw Fault(
          isEncrypted ? .backupEncrypted : .backupWrongFormat,
          isEncrypted ? "the binary log \(name) is encrypted" : "\(name) is no binary log")
      }
      expect(.header, BinaryLogEvent.headerLength)
    case .header: try begin(receive)
    case .body:
      event?.body = hasChecksums && dropped == 0 && pending.count >= 4 ? Array(pending.dropLast(4)) : pending
      guard dropped == 0 else {
        pending.removeAll(keepingCapacity: true)
        (skipping, dropped) = (dropped, 0)
        return
      }
      try finishEvent(receive)
    }
  }

  private mutating func expect(_ next: Phase, _ count: Int) {
    phase = next
    wanted = count
    pending.removeAll(keepingCapacity: true)
  }

  private mutating func begin(_ receive: (BinaryLogEvent) throws -> Void) throws {
    let header = pending
    let begin = offset - Int64(BinaryLogEvent.headerLength)
    let found = BinaryLogEvent(
      offset: begin, type: header[4], time: UInt32(header.number(0, 4)), server: UInt32(header.number(5, 4)),
      length: UInt32(header.number(9, 4)), flags: UInt16(header.number(17, 2)),
      written: UInt32(header.number(13, 4)), body: [])
    guard found.length >= UInt32(BinaryLogEvent.headerLength) else { throw damaged(begin) }
    // The first event says how all others are written.
    guard begin > 4 || found.kind == .format else { throw damaged(begin) }
    guard found.isInPlace else {
      throw Fault(
        .backupDamaged,
        "the binary log \(name) is damaged: the event at \(begin) ended at \(found.written) where its server wrote it, so something before it was lost or put in",
        advice: "Copy the log again; if it is the same, its transactions there are lost")
    }
    let body = found.length - UInt32(BinaryLogEvent.headerLength)
    event = found
    if (keepsStatements && found.carriesStatement) || found.mayBound, body > 0 {
      let kept = min(body, BinaryLogScanner.beginning)
      dropped = Int64(body - kept)
      expect(.body, Int(kept))
    } else if found.kind == .other {
      pending.removeAll(keepingCapacity: true)
      skipping = Int64(body)
      if body == 0 { try finishEvent(receive) }
    } else {
      guard body <= BinaryLogScanner.longest else { throw damaged(begin) }
      expect(.body, Int(body))
      if body == 0 { try finishEvent(receive) }
    }
  }

  private mutating func finishEvent(_ receive: (BinaryLogEvent) throws -> Void) throws {
    guard var found = event else { return }
    event = nil
    if found.kind == .format {
      // The algorithm's byte and the event's own checksum stand at the end, since MySQL 5.6 and MariaDB 5.3.
      hasChecksums = pending.count > 61 && pending[pending.count - 5] == 1
      found.body = pending
    }
    expect(.header, BinaryLogEvent.headerLength)
    try receive(found)
  }

  private func damaged(_ place: Int64) -> Fault {
    Fault(.backupDamaged, "the binary log \(name) is damaged at \(place): no event begins there")
  }
}
