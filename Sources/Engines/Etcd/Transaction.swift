/// Transactions of etcd's KV service (api/etcdserverpb/rpc.proto: TxnRequest, Compare, RequestOp).
enum Transaction {
  static let method = "/etcdserverpb.KV/Txn"

  /// One revision's changes. Values are put without their leases.
  ///
  /// - Parameter count: How many of the keys are guarded by what their event says of the time before it.
  static func message(_ events: [DeltaEvent], guarding count: Int) -> [UInt8] {
    var message = MessageWriter()
    for event in events.prefix(count) { if let guardian = compare(event) { message.add(1, guardian) } }
    for event in events {
      var change = MessageWriter()
      change.add(1, event.key)
      if !event.isDelete, !event.value.isEmpty { change.add(2, event.value) }
      var operation = MessageWriter()
      operation.add(event.isDelete ? 3 : 2, change.bytes)
      message.add(2, operation.bytes)
    }
    return message.bytes
  }

  /// Whether its guards held, and the server's revision after it.
  static func outcome(_ answer: [UInt8]) -> (succeeded: Bool, revision: Int64) {
    var (fields, succeeded, revision) = (MessageReader(answer[...]), false, Int64(0))
    while let (field, value) = fields.next() {
      if field == 1 { revision = EtcdClient.revision(ofHeader: value.content) }
      if field == 2 { succeeded = value.integer != 0 }
    }
    return (succeeded, revision)
  }

  /// A key that is put for the first time is not there; one that is put again was created when the event says; one that goes is there.
  /// Nil for an event that tells no version.
  private static func compare(_ event: DeltaEvent) -> [UInt8]? {
    if event.isDelete { return compare(event.key, result: 1, target: 0, 0) }
    if event.version <= 0 { return nil }
    if event.version == 1 { return compare(event.key, result: 0, target: 0, 0) }
    return compare(event.key, result: 0, target: 1, event.created)
  }

  /// Compare: result 0 is equal, 1 greater; target 0 is the version, 1 the revision of creation.
  private static func compare(_ key: [UInt8], result: Int64, target: Int64, _ value: Int64) -> [UInt8] {
    var compare = MessageWriter()
    compare.add(1, result)
    compare.add(2, target)
    compare.add(3, key)
    // The fields version and create_revision are 4 and 5; a number 0 must be there to choose among them.
    compare.add(Int(4 + target), value)
    return compare.bytes
  }
}

extension EtcdClient {
  /// Sends a transaction, whose answer comes in time.
  func begin(_ transaction: [UInt8]) throws(RPCChannel.Failure) -> UInt32 { try channel.begin(Transaction.method, transaction) }
}
