internal import COpenSSL

/// HMAC with SHA-256 (RFC 2104), carried out by libcrypto.
package enum HMACSHA256 {
  /// The 32 bytes that authenticate `message` under `key`, which may have any length.
  package static func code(key: [UInt8], message: [UInt8]) -> [UInt8] {
    var code = [UInt8](repeating: 0, count: SHA256.byteCount)
    var length: UInt32 = 0
    // libcrypto reads a missing key as "the key of last time", so an empty one needs an address of its own.
    let keyBytes = key.isEmpty ? [0] : key
    let done = HMAC(EVP_sha256(), keyBytes, Int32(key.count), message, message.count, &code, &length)
    precondition(done != nil && length == 32, "libcrypto could not compute an HMAC: out of memory, or its providers are misconfigured")
    return code
  }

  /// The code of a text's UTF-8.
  package static func code(key: [UInt8], message: String) -> [UInt8] { code(key: key, message: Array(message.utf8)) }
}
