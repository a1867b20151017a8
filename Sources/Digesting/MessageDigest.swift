internal import COpenSSL

/// A digest of an older kind in progress, for comparing with what a store computed; carried out by libcrypto.
///
/// MD5 and SHA-1 tell a damaged file from a whole one, and not a forged one from a true one. Belongs to one thread at a time.
package final class MessageDigest {
  package enum Algorithm: String, Sendable, Hashable, CaseIterable {
    case md5, sha1, sha256
  }

  private let context: OpaquePointer
  private var digest: [UInt8]?

  /// Begins a digest over nothing. Nil where libcrypto does not allow the algorithm, as a FIPS provider does with MD5.
  package init?(_ algorithm: Algorithm) {
    let kind =
      switch algorithm {
      case .md5: EVP_md5()
      case .sha1: EVP_sha1()
      case .sha256: EVP_sha256()
      }
    guard let context = EVP_MD_CTX_new() else { return nil }
    guard EVP_DigestInit_ex(context, kind, nil) == 1 else {
      EVP_MD_CTX_free(context)
      return nil
    }
    self.context = context
  }

  deinit { EVP_MD_CTX_free(context) }

  /// Adds bytes; must not be called after `finish`.
  package func update(_ bytes: UnsafeRawBufferPointer) {
    precondition(digest == nil, "a finished digest takes no more bytes")
    guard bytes.count > 0 else { return }
    precondition(EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1, "libcrypto refused bytes for a digest")
  }

  /// The bytes of the digest. Asking again gives the same.
  package func finish() -> [UInt8] {
    if let digest { return digest }
    var bytes = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var length: UInt32 = 0
    precondition(EVP_DigestFinal_ex(context, &bytes, &length) == 1, "libcrypto could not finish a digest")
    let result = Array(bytes.prefix(Int(length)))
    digest = result
    return result
  }

  /// The digest of bytes that are at hand; nil where libcrypto does not allow the algorithm.
  package static func digest(_ algorithm: Algorithm, of bytes: [UInt8]) -> [UInt8]? {
    guard let digest = MessageDigest(algorithm) else { return nil }
    bytes.withUnsafeBytes { digest.update($0) }
    return digest.finish()
  }
}
