internal import COpenSSL

/// A SHA-256 in progress (FIPS 180-4), carried out by libcrypto.
///
/// Belongs to one thread at a time: the context behind it is changed by every update.
package final class SHA256 {
  /// Bytes of a digest.
  package static let byteCount = 32

  private let context: OpaquePointer
  private var digest: [UInt8]?

  /// Begins a digest over nothing.
  package init() {
    guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
      preconditionFailure("libcrypto cannot begin a SHA-256: out of memory, or its providers are misconfigured")
    }
    self.context = context
  }

  deinit { EVP_MD_CTX_free(context) }

  /// Adds bytes; must not be called after `finish`.
  package func update(_ bytes: UnsafeRawBufferPointer) {
    precondition(digest == nil, "a finished digest takes no more bytes")
    guard bytes.count > 0 else { return }
    precondition(EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1, "libcrypto refused bytes for a SHA-256")
  }

  /// Adds bytes; must not be called after `finish`.
  package func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

  /// The 32 bytes of the digest. Asking again gives the same.
  package func finish() -> [UInt8] {
    if let digest { return digest }
    var bytes = [UInt8](repeating: 0, count: SHA256.byteCount)
    var length: UInt32 = 0
    let done = EVP_DigestFinal_ex(context, &bytes, &length)
    precondition(done == 1 && length == 32, "libcrypto could not finish a SHA-256")
    digest = bytes
    return bytes
  }

  /// The digest of bytes that are at hand.
  package static func digest(of bytes: [UInt8]) -> [UInt8] {
    let hash = SHA256()
    hash.update(bytes)
    return hash.finish()
  }

  /// The digest of any bytes that are at hand, a string's UTF-8 for one.
  package static func digest(of bytes: some Sequence<UInt8>) -> [UInt8] { digest(of: Array(bytes)) }
}
