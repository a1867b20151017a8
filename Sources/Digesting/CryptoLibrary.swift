internal import COpenSSL

/// libcrypto as a whole.
package enum CryptoLibrary {
  /// Keeps libcrypto usable while the process exits: it would tear itself down first, under threads that still digest, and the exit
  /// status would be a crash's. Must be called before anything else uses it; repeating it is a no-op.
  package static func keepUntilExit() { OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_ATEXIT), nil) }
}
