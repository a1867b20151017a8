/// Which keys of a key-value store are meant: those that fit everything that is given.
package struct KeySelection: Sendable, Hashable {
  /// One of several databases of a server; nil where a server has one, and otherwise for number 0.
  package var database: Int?
  /// The bytes that the key begins with.
  package var prefix: [UInt8]?
  /// A glob pattern in the server's own syntax, over the key's bytes.
  package var pattern: [UInt8]?
  /// The type of the value by the server's name for it: `string`, `hash`.
  package var type: String?
  /// Whether the key has a time to live (true) or none (false).
  package var expires: Bool?

  package init(
    database: Int? = nil, prefix: [UInt8]? = nil, pattern: [UInt8]? = nil, type: String? = nil, expires: Bool? = nil
  ) {
    self.database = database
    self.prefix = prefix
    self.pattern = pattern
    self.type = type
    self.expires = expires
  }

  /// What an engine must offer for its keys to be selected so.
  package var needs: ProbeKinds {
    var needs: ProbeKinds = .keys
    if database != nil { needs.insert(.keyDatabases) }
    if pattern != nil { needs.insert(.keyPatterns) }
    if type != nil { needs.insert(.keyTypes) }
    if expires != nil { needs.insert(.keyLifetimes) }
    return needs
  }
}

/// The remaining times to live of keys, measured by the restored server's clock when it was asked.
package struct KeyLifetimes: Sendable, Hashable {
  /// Keys that expire; keys that do not are not counted.
  package var count: Int64
  /// Nil when no key expires.
  package var shortest: Duration?
  package var longest: Duration?

  package init(count: Int64, shortest: Duration? = nil, longest: Duration? = nil) {
    self.count = count
    self.shortest = shortest
    self.longest = longest
  }
}

/// A key and the SHA-256 of its value.
package struct KeyDigest: Sendable, Hashable {
  package var key: [UInt8]
  package var digest: [UInt8]

  package init(key: [UInt8], digest: [UInt8]) {
    self.key = key
    self.digest = digest
  }
}

/// Asks a restored key-value store, read-only, in memory that does not grow with the number of keys. Values never leave it: their
/// digests do.
///
/// An engine's `provides` says which questions it answers (`KeySelection.needs`); it may throw `ProbeError.invalid` for any other.
/// Every question may be repeated, and cancelling ends it.
package protocol KeyProbe: Sendable {
  /// The number of keys of a selection.
  ///
  /// - Throws: `ProbeError`, `missing` for a database that the server has not.
  func count(_ keys: KeySelection, timeout: Duration) async throws -> Int64

  /// The SHA-256 of each key's value, in the order of `keys`; nil for a key that is not there. At most a few hundred keys at once.
  ///
  /// A plain value is digested as its bytes; the engine's page says how a value made of several is written.
  /// - Throws: `ProbeError`.
  func digests(ofValues keys: [[UInt8]], database: Int?, timeout: Duration) async throws -> [[UInt8]?]

  /// How long the keys of a selection that expire are to live.
  ///
  /// - Throws: `ProbeError`.
  func lifetimes(_ keys: KeySelection, timeout: Duration) async throws -> KeyLifetimes

  /// Hands over the selected keys with the SHA-256 of their values, a few hundred or thousand at once and in no particular order; a key may
  /// come twice.
  ///
  /// - Throws: `ProbeError`, and what `receive` throws.
  func walk(_ keys: KeySelection, timeout: Duration, _ receive: @escaping @Sendable ([KeyDigest]) throws -> Void) async throws

  /// The revision that the store stands at.
  ///
  /// - Throws: `ProbeError`.
  func revision(timeout: Duration) async throws -> Int64
}

extension KeyProbe {
  /// For stores whose keys do not expire.
  package func lifetimes(_ keys: KeySelection, timeout: Duration) async throws -> KeyLifetimes {
    throw ProbeError.invalid("this engine cannot be asked when keys expire")
  }

  /// For stores that count no revisions.
  package func revision(timeout: Duration) async throws -> Int64 { throw ProbeError.invalid("this engine has no revision") }
}
