internal import COpenSSL

/// SHA-1 (FIPS 180-4), carried out by libcrypto: for names that other programs made with it, never for proof.
package enum SHA1 {
  /// The 20 bytes of the digest.
  package static func digest(of bytes: some Sequence<UInt8>) -> [UInt8] {
    let message = Array(bytes)
    var digest = [UInt8](repeating: 0, count: 20)
    var length: UInt32 = 0
    let done = EVP_Digest(message, message.count, &digest, &length, EVP_sha1(), nil)
    precondition(done == 1 && length == 20, "libcrypto could not compute a SHA-1: out of memory, or its providers are misconfigured")
    return digest
  }
}
