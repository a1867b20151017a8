package import AWSClient
import Digesting
package import DrillConfig
package import DrillModel
package import EngineKit
package import HTTPTransport
package import Selecting
import ToolRunner

/// Backups that are objects of a bucket, on AWS or on any store that speaks S3's protocol. Nothing is ever written there.
///
/// Listed are the objects right under the prefix, and those below it as deep as the pattern's `/` reach. An upload in several parts is
/// no object before it is complete, so one under way cannot be seen.
package struct S3Source: BackupSource {
  package private(set) var bucket: S3Bucket
  /// Up to its last `/`; empty for the whole bucket.
  let prefix: String
  /// The last part of `from` where that does not end in a slash: an object's name, or else a folder's.
  let name: String?
  let match: NamePattern?
  let archived: ArchivedObjects
  let versions: ObjectVersions
  let transfer: S3Transfer
  let customerKey: SecretReference?
  private let connection: AWSConnection
  private let makeHTTP: @Sendable () throws -> any HTTPExchanging
  /// Of this run; nil before there is one, so that a program that only waits for the next run holds no connections.
  private var idle: IdleClients?

  /// - Parameters:
  ///   - key: What stands after the bucket: a prefix that ends in `/` or is empty, one object's key, or a folder without its slash.
  ///   - match: The drill's pattern, which says how deep to look and what keys begin with.
  ///   - customerKey: Where the key is to be had that the objects were encrypted with (SSE-C).
  package init(
    _ bucket: S3Bucket, key: String, match: NamePattern? = nil, archived: ArchivedObjects = .reject, versions: ObjectVersions = .current,
    transfer: S3Transfer = S3Transfer(),
    customerKey: SecretReference? = nil, connection: AWSConnection,
    makeHTTP: @escaping @Sendable () throws -> any HTTPExchanging = { try HTTPClient() }
  ) {
    self.bucket = bucket
    let cut = key.utf8.lastIndex(of: UInt8(ascii: "/")).map { key.utf8.index(after: $0) } ?? key.startIndex
    prefix = String(key[..<cut])
    name = cut == key.endIndex ? nil : String(key[cut...])
    self.match = match
    self.archived = archived
    self.versions = versions
    self.transfer = transfer
    self.customerKey = customerKey
    self.connection = connection
    self.makeHTTP = makeHTTP
  }

  package var location: String { bucket.location(of: prefix + (name ?? "")) }

  package var localDirectories: [String] { [] }
  package var clockError: Duration { connection.clockSkew }

  package var permissions: [CloudPermission] {
    guard !bucket.isAnonymous else { return [] }
    let arn = bucket.resourceName
    let objects = "\(arn)/\(prefix)\(name ?? "")*"
    let read = CloudPermission("s3:GetObject", on: objects, "to read the backup")
    guard versions == .all else { return [CloudPermission("s3:ListBucket", on: arn, "to find the backups"), read] }
    return [
      CloudPermission("s3:ListBucketVersions", on: arn, "to find the backups with their versions"), read,
      CloudPermission("s3:GetObjectVersion", on: objects, "to read a version that is not the current one"),
    ]
  }

  package var secretReferences: [SecretReference] { customerKey.map { [$0] } ?? [] }

  /// The customer's key is 32 bytes in Base64, as AWS's own tools take it. Connections are kept from call to call of what this gives.
  package func with(_ secrets: FetchedSecrets) throws -> any BackupSource {
    var copy = self
    copy.idle = IdleClients()
    guard let customerKey else { return copy }
    guard let key = Base64.decode(try secrets.value(of: customerKey)).flatMap({ CustomerKey($0) }) else {
      throw Fault(
        .credentials, "What \(customerKey.place) gives as `customer-key` is no 256-bit key in Base64",
        advice: "Make one with `openssl rand -base64 32`")
    }
    copy.bucket.customerKey = key
    return copy
  }

  /// Calls `body` with a client that is the calling thread's alone meanwhile.
  func withClient<T>(_ cancellation: Cancellation, isKnown: Bool = false, _ body: (S3Client) throws -> T) throws -> T {
    let http = try idle?.take() ?? makeHTTP()
    defer { idle?.giveBack(http) }
    return try body(
      S3Client(bucket, connection, http: http, cancellation: cancellation, patience: transfer.patience, isKnown: isKnown))
  }

  package func artefacts() async throws -> [Artefact] {
    try await calling("s3 list") { client in
      var found: [Artefact] = []
      var sidecars = Set<String>()
      try S3Listing(source: self, client: client).run(narrowed: false, sidecars: &sidecars) { found.append($0) }
      for index in found.indices { found[index].noteSidecar(among: sidecars) }
      return found
    }
  }

  package func survey(rules: SelectionRules, now: Timestamp) async throws -> Survey {
    try await calling("s3 list") { client in
      let listing = S3Listing(source: self, client: client)
      var sidecars = Set<String>()
      func surveyed(narrowed: Bool) throws -> Survey {
        var surveyor = try Surveyor(rules: rules, now: now)
        try listing.run(narrowed: narrowed, sidecars: &sidecars) { surveyor.take($0) }
        return surveyor.survey
      }
      var survey = try surveyed(narrowed: true)
      // Whoever finds nothing wants to know what was there instead.
      if listing.isNarrowing, survey.candidates.isEmpty, survey.rejected.isEmpty { survey = try surveyed(narrowed: false) }
      for index in survey.candidates.indices { survey.candidates[index].artefact.noteSidecar(among: sidecars) }
      return survey
    }
  }

  package func open(_ artefact: Artefact) async throws -> OpenedArtefact {
    guard artefact.kind == .file else {
      throw Fault(
        .configuration, "\(artefact.location) is a folder of objects, and only single objects can be restored from S3 so far",
        advice: "Pack each backup into one object, or copy it to a directory")
    }
    guard !artefact.name.isEmpty else { throw Fault(.backupUnreadable, "\(location) is no object") }
    let key = key(of: artefact)
    let opening = try await calling("s3 open") { client in try S3Opening(key: key, artefact: artefact, source: self, client: client) }
    let pipe = try Pipe(capacity: 1 << 20)
    let download = S3Download(opening, source: self, into: pipe.writing)
    return .stream(StoredStream(pipe.reading, bytes: opening.object.bytes, expectedSHA256: opening.expectedSHA256, feed: download))
  }

  /// Where `from` named a folder without its slash, names lie below that.
  private func key(of artefact: Artefact) -> String {
    guard let name, !artefact.location.isSameKey(as: location) else { return prefix + artefact.name }
    return "\(prefix)\(name)/\(artefact.name)"
  }

  /// Carries calls out on a thread of their own; cancelling the task ends them.
  private func calling<T: Sendable>(_ name: String, _ body: @escaping @Sendable (S3Client) throws -> T) async throws -> T {
    let cancellation = Cancellation()
    return try await withTaskCancellationHandler {
      try await onThread(name) { try self.withClient(cancellation, body) }
    } onCancel: {
      cancellation.cancel()
    }
  }
}

/// What becomes of objects that are archived and cannot be read at once.
package enum ArchivedObjects: String, Sendable, Hashable, CaseIterable {
  /// They are recovery points that cannot be used.
  case reject
  /// They are left out as if they were not there.
  case leaveOut = "leave-out"
}

/// Which versions of an object are recovery points, in a bucket that keeps them.
package enum ObjectVersions: String, Sendable, Hashable, CaseIterable {
  /// What the key stands for now.
  case current
  /// Each that is there.
  case all
}

/// How objects are fetched.
package struct S3Transfer: Sendable, Hashable {
  /// Bytes of one request, and of one buffer.
  package var partBytes = 1 << 20
  /// Buffers, which are all the memory that parts take.
  package var buffers = 10
  /// Requests at once where a store makes the restore wait. It begins with four.
  package var connections = 16
  /// How long an answer that has no buffer yet is left waiting in its socket. Shorter than what a transfer may stand still.
  package var hold = Duration.seconds(10)
  /// How long trouble that can pass is waited for without a byte of progress.
  package var patience = Duration.seconds(120)

  package init() {}
}
