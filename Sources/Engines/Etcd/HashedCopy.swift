import Digesting
import DrillModel
import Glibc
import ToolRunner

/// A file of etcd or etcd-backup-restore, unpacked into the run's directory. Both end their files with the SHA-256 of all before it.
struct HashedCopy: Sendable {
  let path: String
  let file: Descriptor
  /// Bytes of the whole, the hash included.
  let size: Int64
  /// The last 32 bytes; fewer of a file that has fewer.
  let trailer: [UInt8]
  /// The SHA-256 of all before them.
  let digest: [UInt8]

  /// Whether the file ends with its own hash.
  var isVerified: Bool { trailer == digest }

  /// Reads `input` to its end, unpacks it, and writes it to a new file at `path`. Blocks.
  ///
  /// - Parameter name: Of the artefact, for messages.
  /// - Throws: `Fault`, or `CancellationError` once stopped.
  static func make(
    of input: HeadedInput, packing: Packing, named name: String, at path: String, limit: Int64, owner: Box.User?,
    progress: (Int64) -> Void
  ) throws -> HashedCopy {
    let raw = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard raw >= 0 else { throw unwritable(path, errno) }
    let file = Descriptor(owning: raw)
    if let owner, fchown(raw, owner.uid, owner.gid) != 0 { throw unwritable(path, errno) }
    var (size, tail) = (Int64(0), TailedDigest())
    try packing.unpack(
      { try input.read($0) }, name: name,
      to: { bytes in
        size += Int64(bytes.count)
        guard size <= limit else { throw Fault(.unsafeContent, "\(name) unpacks to more than the limit of \(limit) bytes") }
        tail.add(bytes)
        try write(bytes, to: file, path)
        progress(size)
      })
    let (digest, trailer) = tail.finish()
    return HashedCopy(path: path, file: file, size: size, trailer: trailer, digest: digest)
  }

  /// Cuts the hash off.
  func dropTrailer() throws {
    guard ftruncate(file.raw, off_t(size) - off_t(trailer.count)) == 0 else { throw Self.unwritable(path, errno) }
  }

  func remove() { unlink(path) }

  private static func write(_ bytes: UnsafeRawBufferPointer, to file: Descriptor, _ path: String) throws {
    var rest = bytes
    while !rest.isEmpty {
      let step = Glibc.write(file.raw, rest.baseAddress, rest.count)
      if step < 0, errno == EINTR { continue }
      guard step > 0 else { throw unwritable(path, errno) }
      rest = UnsafeRawBufferPointer(rebasing: rest[step...])
    }
  }

  private static func unwritable(_ path: String, _ code: Int32) -> Fault {
    let isFull = code == ENOSPC || code == EDQUOT
    return Fault(
      isFull ? .noSpace : .scratchUnusable, "cannot write \(path): \(systemMessage(code))",
      advice: "Check the scratch directory's owner and free space")
  }
}

/// The SHA-256 of all but the last 32 bytes of what comes.
private struct TailedDigest {
  private let digest = SHA256()
  private var tail: [UInt8] = []

  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    if bytes.count >= SHA256.byteCount {
      digest.update(tail)
      let split = bytes.count - SHA256.byteCount
      digest.update(UnsafeRawBufferPointer(rebasing: bytes[..<split]))
      tail = Array(bytes[split...])
    } else {
      tail += bytes
      let extra = max(0, tail.count - SHA256.byteCount)
      digest.update(Array(tail.prefix(extra)))
      tail.removeFirst(extra)
    }
  }

  func finish() -> (digest: [UInt8], trailer: [UInt8]) { (digest.finish(), tail) }
}
